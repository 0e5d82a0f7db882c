"""What an installation begins with: streams, programmes, and secrets that nobody else may read."""

import asyncio
import stat
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec.structs import replace

from services.intake.events import VOCABULARY
from shared import streams
from shared.access.issuing import NotIssued
from shared.bus import NoAnswer, connected
from shared.command import Reply
from shared.errors import BusAway
from shared.event_store import EventStore
from shared.settings import Settings
from shared.subjects import commands_subject
from sluse import secret_files
from sluse.installation import is_superseded, set_up
from tests.contracts.conftest import settings_for
from tests.definitions import definition
from tests.servers import Cluster


async def outcomes(settings: Settings, *wanted):
    """Programme to what became of it: an outcome, or a refusal."""
    told = [it async for it in set_up(settings, settings, wanted)]
    return [it if isinstance(it, Reply) else it.outcome for it in told[-len(wanted) :]]


@pytest.fixture
def first():
    return definition(key=f"set-up-{uuid4().hex[:8]}")


async def test_programmes_are_opened_once_and_by_sluse_itself(settings, first):
    assert await outcomes(settings, first) == ["opened"]
    assert await outcomes(settings, first) == ["unchanged"]
    async with connected(settings.bus, "set-up") as bus:
        history = await EventStore(bus, VOCABULARY).load(f"intake.programme.{first.key}")
    assert [record.envelope.actor for record in history.records] == ["sluse:setup"]


async def test_a_later_version_revises(settings, first):
    later = replace(first, version=first.version + 1)
    assert await outcomes(settings, first) == ["opened"]
    assert await outcomes(settings, later) == ["revised"]


async def test_what_an_operator_has_revised_stays(settings, first):
    later = replace(first, version=first.version + 1)
    await outcomes(settings, first)
    await outcomes(settings, later)
    (refusal,) = await outcomes(settings, first)
    assert is_superseded(refusal)
    assert await outcomes(settings, later) == ["unchanged"]


async def test_it_takes_no_callers_command_while_it_works(settings, first):
    """It is of another version than the services that may run beside it."""
    async with connected(settings.bus, "caller") as caller:
        async for _ in set_up(settings, settings, [first]):
            with pytest.raises(BusAway):
                await caller.request(commands_subject("intake"), b"{}", 5)


async def test_it_waits_for_a_cluster_that_has_no_leader_yet(tmp_path):
    cluster = Cluster(tmp_path)
    settings = replace(settings_for(cluster.servers[0].url, tmp_path), replicas=3)
    try:
        await cluster.servers[0].start()
        async with connected(settings.bus, "set-up") as bus:
            with pytest.raises((BusAway, NoAnswer)):
                await streams.apply(bus, 3)
        working = asyncio.create_task(outcomes(settings, definition(key="patience")))
        for server in cluster.servers[1:]:
            await server.start()
        assert await working == ["opened"]
    finally:
        cluster.stop()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_secrets_are_made_once_for_their_owner_alone(tmp_path):
    made = secret_files.make(tmp_path)
    assert {it.outcome for it in made} == {"made"}
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {it.outcome for it in secret_files.make(tmp_path)} == {"kept"}
    assert {path: path.read_bytes() for path in before} == before
    public = {"jwks.json", "accounts.conf", "SLUSE.json", "SYS.json"}
    for path in before:
        alone = path.name in public or path.parent.name == secret_files.ALONE
        assert mode(path) == (0o644 if alone else 0o600), path
    contents = [before[tmp_path / name] for name in (*secret_files.OWN, *secret_files.DATABASES)]
    assert len(set(contents)) == len(contents)
    assert min(map(len, contents)) >= 32


def test_what_a_killed_run_has_left_is_no_secret(tmp_path):
    (tmp_path / "digest-key.part").write_text("half")
    secret_files.make(tmp_path)
    assert not (tmp_path / "digest-key.part").exists()
    assert len((tmp_path / "digest-key").read_text()) == 64


def test_half_a_pair_of_keys_is_told_and_not_written_over(tmp_path):
    secret_files.make(tmp_path)
    (tmp_path / "jwks.json").unlink()
    with pytest.raises(NotIssued):
        secret_files.make(tmp_path)
