"""Enrol, then agree on a placement at once: placement's view is never a reason for a false "no"."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from services.intake.app import running as intake_running
from services.placement.app import running as placement_running
from shared.command import Reply
from tests.contracts.casework import (
    Send,
    enrolment_of,
    new,
    open_programme,
    referred,
    registered,
    sent,
    to,
)
from tests.contracts.conftest import Nats, settings_for

AT_ONCE = 8
COMPANY = "cvr12345678"


async def _pair(intake: Send, placement: Send, enrolment: str) -> tuple[Reply, Reply]:
    enrolled = await intake(enrolment_of(enrolment))
    agreement = new("AgreePlacement", placement=str(uuid4()), enrolment=enrolment, company=COMPANY)
    return enrolled, await placement({**agreement, "purpose": "practice", "late_reason": "import"})


async def _false_refusals(nats: Nats, directory: Path, pairs: int) -> list[Reply]:
    settings = settings_for(nats.url, directory)
    async with intake_running(settings) as intake_desk, placement_running(settings) as desk:
        intake, placement = to(intake_desk), to(desk)
        await open_programme(intake)
        company = new("RegisterCompany", cvr="12345678", name="A", sector="retail")
        await sent(placement, company)

        async def several(count: int) -> list[Reply]:
            replies: list[Reply] = []
            for _ in range(count):
                enrolment = await referred(intake, await registered(intake))
                replies += await _pair(intake, placement, enrolment)
            return replies

        parts = await asyncio.gather(*(several(pairs // AT_ONCE) for _ in range(AT_ONCE)))
    replies = [reply for part in parts for reply in part]
    assert len(replies) == 2 * (pairs // AT_ONCE * AT_ONCE)
    return [reply for reply in replies if not reply.ok]


@pytest.mark.slow
async def test_a_thousand_pairs_back_to_back_have_no_false_refusal(
    alone: Nats, tmp_path: Path
) -> None:
    assert await _false_refusals(alone, tmp_path, 1000) == []


@pytest.mark.slow
async def test_a_hundred_pairs_on_three_servers_have_no_false_refusal(
    cluster: Nats, tmp_path: Path
) -> None:
    assert await _false_refusals(cluster, tmp_path, 104) == []
