"""The operator's commands for backups: take one, restore one."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import click

from shared.bus import connected
from shared.bus_login import BusLogin
from sluse.backup.manifest import StreamEntry
from sluse.backup.restoring import restore as restore_all
from sluse.backup.taking import take
from sluse.commands.terminal import PATIENCE_SECONDS, carry_out, nats_option, say
from sluse.data_directory import DataDirectory

directory = click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))


@click.command()
@directory
@nats_option
def backup(directory: Path, nats: BusLogin) -> None:
    """Write all streams, with their consumers, into an empty directory; runs under load.

    One line for each stream, then one for the whole. Without its last file, manifest.json, it is
    no backup.
    """

    async def work() -> int:
        async with connected(nats, "sluse-backup", PATIENCE_SECONDS) as bus:
            taken = await take(bus, directory, _say)
        say({"backup": str(directory), "positions": taken.positions(), "ended_at": taken.ended_at})
        return 0

    carry_out(work())


def _say(entry: StreamEntry) -> None:
    say({"stream": entry.stream, "position": entry.position, "bytes": entry.size})


@click.command()
@directory
@click.option(
    "--replicas", default=None, type=click.IntRange(1, 5), help="Default: as many as there were."
)
@click.option(
    "--into",
    metavar="DATA",
    type=click.Path(path_type=Path),
    help="Instead of --nats: the data directory of an embedded sluse that does not run.",
)
@nats_option
def restore(directory: Path, replicas: int | None, into: Path | None, nats: BusLogin) -> None:
    """Make all streams again from a backup, on an empty server and while no service runs.

    A new epoch begins. One line for each stream, then one for the whole. Exit status 1 if a
    stream is not what was backed up.
    """

    async def work() -> int:
        async with AsyncExitStack() as stack:
            to = nats if into is None else await stack.enter_async_context(_embedded(into))
            bus = await stack.enter_async_context(connected(to, "sluse-restore", PATIENCE_SECONDS))
            restored = await restore_all(bus, directory, replicas, say)
        say({"ok": restored.ok, "epoch": restored.epoch})
        return 0 if restored.ok else 1

    carry_out(work())


@asynccontextmanager
async def _embedded(data: Path) -> AsyncIterator[BusLogin]:
    """The bus of an embedded sluse, which runs for as long as the block does."""
    from sluse.embedded_nats import nats_server  # noqa: PLC0415 - needs the extra 'embedded'

    directory = DataDirectory(data)
    with directory.held():
        directory.prepare()
        async with nats_server(directory.nats, 0) as server:
            yield server.login("operator")
