"""The list of reports leaves none out in silence: where one that is parked may be among them, it says so."""

from pathlib import Path

import pytest
from msgspec import Raw, json
from msgspec.structs import replace

from services.reporting.events import VOCABULARY
from services.reporting.reader import Question
from services.reporting.reports import PLAN, listed
from shared.clock import now
from shared.envelope import Envelope, Recorded, encode
from shared.errors import Parked
from shared.view import View
from tests.contracts.reading import NOW, own_bus, projected

SAMPLE = Path(__file__).parents[1] / "samples" / "reports.report.ReportIssued.json"
ISSUED = json.decode(SAMPLE.read_bytes(), type=Envelope)
EVERYTHING = (None, Question()), (None, Question(known=now()))


def issued(report: str, programme: str, position: int) -> Recorded:
    data = {**json.decode(ISSUED.data, type=dict[str, object]), "programme": programme}
    subject = f"reports.report.{report}"
    return read(replace(ISSUED, id=report, subject=subject, data=Raw(json.encode(data))), position)


def read(envelope: Envelope, position: int) -> Recorded:
    return VOCABULARY.read(envelope.subject, position, NOW, encode(envelope))


async def test_a_parked_report_is_missing_from_no_list_in_silence(tmp_path: Path) -> None:
    async with own_bus(tmp_path) as (_, bus), projected(PLAN) as projection:
        view = View(projection, bus, wait=1)
        await projection.apply("REPORTS", [issued("r1", "a", 1), issued("r2", "b", 2)])
        for programme, question in EVERYTHING:
            assert [it.report for it in await listed(view, programme, question)] == ["r1", "r2"]

        await projection.served.park(issued("r3", "a", 3), "Defect", 3)

        for programme, question in (*EVERYTHING, ("a", Question())):
            with pytest.raises(Parked):
                await listed(view, programme, question)
        assert [it.report for it in await listed(view, "b", Question())] == ["r2"]
