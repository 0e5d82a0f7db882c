"""The operator's commands for an installation: its secrets, and what must be there before services start."""

import os
from pathlib import Path

import click

from shared.command import Reply
from shared.settings import from_environment
from sluse import installation, programmes, secret_files
from sluse.commands.terminal import carry_out, say
from sluse.secret_files import Owners


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--owner", type=int, help="Numeric user of the services' containers; as root only.")
@click.option("--database-owner", type=int, help="Likewise of the database's container.")
def secrets(directory: Path, owner: int | None, database_owner: int | None) -> None:
    """Make the secrets of an installation; those that are there stay."""

    async def work() -> int:
        for secret in secret_files.make(directory):
            say(secret)
        if owner is not None:
            by_database = owner if database_owner is None else database_owner
            secret_files.give_away(directory, Owners(owner, by_database))
        return 0

    carry_out(work())


@click.command()
@click.option(
    "--programmes",
    "definitions",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=programmes.DIRECTORY,
    help="Their definitions; default: those that come with sluse.",
)
@click.option(
    "--secrets",
    "secrets_",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Where the passwords of the bus users operator and intake lie; without: no login.",
)
def setup(definitions: Path, secrets_: Path | None) -> None:
    """Make the streams and open the programmes, before the services start.

    A definition that is refused because a later version is in force is told and left; any other
    refusal ends with exit status 1.
    """
    files = sorted(definitions.glob("*.toml"))

    async def work() -> int:
        given = from_environment(os.environ)
        operator, intake = (
            installation.as_user(given, user, secrets_) if secrets_ else given
            for user in ("operator", "intake")
        )
        wanted = [programmes.read(file) for file in files]
        refused = 0
        async for outcome in installation.set_up(operator, intake, wanted):
            say(outcome)
            refused += isinstance(outcome, Reply) and not installation.is_superseded(outcome)
        return 1 if refused else 0

    carry_out(work())
