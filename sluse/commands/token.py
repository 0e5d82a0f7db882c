"""The operator's commands for tokens of one's own: token keys, token issue."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import click

from shared.access.issuing import JWKS, SIGNING_KEY, NotIssued, issue, make_keys
from shared.access.roles import EVERYWHERE, Role
from sluse.commands.terminal import carry_out, say


@click.group()
def token() -> None:
    """Bearer tokens, where no other issuer gives them."""


@token.command("keys")
@click.argument("directory", type=click.Path(path_type=Path))
def token_keys(directory: Path) -> None:
    """Make a signing key, to be kept secret, and the keys that services check by (SLUSE_JWKS)."""

    async def work() -> int:
        make_keys(directory)
        say({"signing_key": str(directory / SIGNING_KEY), "jwks": str(directory / JWKS)})
        return 0

    carry_out(work())


@token.command("issue")
@click.option("--key", "key_file", required=True, type=click.Path(path_type=Path))
@click.option("--subject", required=True, help="Whom it speaks for: the actor of what is recorded.")
@click.option(
    "--role",
    "said",
    multiple=True,
    metavar="ROLE=PROGRAMME",
    help=f"May be given several times; {EVERYWHERE} is every programme.",
)
@click.option("--hours", default=8.0, show_default=True, type=click.FloatRange(0, min_open=True))
@click.option("--issuer", envvar="SLUSE_JWT_ISSUER", default="sluse", show_default=True)
@click.option("--audience", envvar="SLUSE_JWT_AUDIENCE", default="sluse", show_default=True)
def token_issue(
    *,
    key_file: Path,
    subject: str,
    said: Sequence[str],
    hours: float,
    issuer: str,
    audience: str,
) -> None:
    """Print a token (SLUSE_TOKEN; over HTTP: Authorization: Bearer TOKEN)."""

    async def work() -> int:
        roles: dict[str, set[str]] = defaultdict(set)
        for text in said:
            role, _, programme = text.partition("=")
            if role not in list(Role) or not programme:
                known = ", ".join(Role)
                raise NotIssued(f"--role {text!r}: give ROLE=PROGRAMME, with one of {known}")
            roles[role].add(programme)
        key = _read(key_file)
        click.echo(issue(key, subject, roles, hours=hours, issuer=issuer, audience=audience))
        return 0

    carry_out(work())


def _read(key_file: Path) -> bytes:
    try:
        return key_file.read_bytes()
    except OSError as error:
        raise NotIssued(f"{key_file}: {error.strerror}") from None
