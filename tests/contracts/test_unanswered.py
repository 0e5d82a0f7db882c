"""What nobody knows better is asked again: by callers, by reactions, and by who has an erasure applied."""

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import date

import msgspec
import pytest

import services
import shared
from services.intake import person
from services.intake.erasures import apply_again
from services.intake.events import VOCABULARY, ErasureRequested
from services.intake.person import PersonCommand, RegisterPerson
from shared.bus import ApiError, NoAnswer, ServerTooOld
from shared.command import SEND_AGAIN, Problem, Reply
from shared.desk import Desk
from shared.envelope import Event, encode_data
from shared.errors import NotYet, SluseError, Unanswered, Undecodable
from shared.event_store import EventStore
from shared.handling import Handler, Handling, by_command, nothing
from shared.http_door import status_of
from shared.reaction import issue
from tests.contracts.poison import recorded
from tests.contracts.reading import envelope
from tests.contracts.recording import an_event, put


def everything_unanswered() -> Iterator[type[SluseError]]:
    """Each error of ours that says nothing of the command itself."""
    for package in (shared, services):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found = [Unanswered]
    while found:
        kind = found.pop()
        found += kind.__subclasses__()
        if kind is not Unanswered:
            yield kind
    yield from (ServerTooOld, ApiError, NoAnswer, Undecodable)


def test_what_is_unanswered_is_sent_again_and_is_a_lack_of_service() -> None:
    codes = {kind.code for kind in everything_unanswered()}

    assert {"NATS_DENIED", "UNREADABLE_HISTORY", "DATABASE_AWAY", "OUTCOME_UNKNOWN"} <= codes
    assert codes - SEND_AGAIN == set()
    statuses = {code: status_of(Reply(ok=False, error=Problem(code, "x"))) for code in codes}
    assert set(statuses.values()) == {503}, statuses


@pytest.fixture
async def older(own_store: EventStore) -> Desk:
    """An intake to which the history of person p says nothing: a newer version has written there."""
    service = own_store.vocabulary.service
    newer = an_event(f"{service}.person.p", type="PersonNicknamed")
    await put(own_store.bus, newer.subject, msgspec.json.encode(newer))
    handlings = by_command(Handling(person, nothing), PersonCommand)
    return Desk(service, Handler(own_store, b"a secret of contract tests"), handlings)


async def test_a_reaction_waits_for_a_version_that_can_read_the_history(older: Desk) -> None:
    event: Event = ErasureRequested(requested_on=date(2024, 1, 10))
    (cause,) = recorded([envelope(VOCABULARY, "person", "p", event, 1)])

    with pytest.raises(NotYet, match="UNREADABLE_HISTORY"):
        await issue(older, RegisterPerson(command_id="c", person_ref="p"), cause, "sluse:test")


async def test_an_erasure_is_not_settled_by_a_version_that_cannot_read_the_history(
    older: Desk, own_store: EventStore
) -> None:
    lost = an_event(
        "intake.person.p",
        type="ErasureRequested",
        data=encode_data(ErasureRequested(requested_on=date(2024, 1, 10))),
    )

    assert await apply_again(older, own_store, msgspec.json.encode([lost])) is False
