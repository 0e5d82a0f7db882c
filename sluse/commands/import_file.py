"""The operator's command for a municipality's file: import."""

from pathlib import Path

import click

from shared.bus import connected
from shared.clock import now
from sluse.commands.terminal import PATIENCE_SECONDS, carry_out, nats_option, progress, say
from sluse.importing import mapping, rows, table
from sluse.importing.kinds import KINDS
from sluse.importing.run import Import


@click.command("import")
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--programme", help="The programme of rows that do not name one.")
@click.option(
    "--map", "map_file", type=click.Path(path_type=Path), help="TOML: columns and values."
)
@click.option("--rejects", type=click.Path(path_type=Path), help="Default: FILE.rejects.csv.")
@click.option("--dry-run", is_flag=True, help="Look at everything, send nothing.")
@nats_option
def import_(
    *,
    kind: str,
    file: Path,
    programme: str | None,
    map_file: Path | None,
    rejects: Path | None,
    dry_run: bool,
    nats: str,
) -> None:
    """Import a CSV or XLSX file; bad rows go to a file. Exit status 1 if there are any."""

    async def work() -> int:
        way = mapping.read(KINDS[kind], map_file)
        content = table.read(file, way)
        sheet = rows.sheet(KINDS[kind], way, content, programme)
        async with connected(nats, "sluse-import", PATIENCE_SECONDS) as bus:
            with progress("importing", len(content.rows)) as bar:
                summary = await Import(bus, sheet, now(), dry_run=dry_run).run(
                    rejects or file.with_name(f"{file.name}.rejects.csv"),
                    lambda: bar and bar.advance(bar.task_ids[0]),
                )
        say(summary)
        return 1 if summary.rejected else 0

    carry_out(work())
