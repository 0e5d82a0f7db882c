"""The operator's command that tells Prometheus of NATS, for as long as it runs."""

import sys
from pathlib import Path

import click

from shared.bus import connected
from shared.bus_login import BusLogin
from shared.errors import SluseError
from shared.http_server import run
from shared.observed import certificates_watched, serving_metrics, watched
from sluse.commands.terminal import URL, login_as
from sluse.exporter import Exporter


@click.command()
@click.option("--nats", metavar="URL", envvar=URL, help="Address of the bus.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path(".sluse"),
    show_default=True,
    help="An embedded sluse's data: its bus is asked.",
)
@click.option("--host", default="127.0.0.1", envvar="SLUSE_METRICS_HOST", show_default=True)
@click.option("--port", type=int, default=9100, envvar="SLUSE_METRICS_PORT", show_default=True)
@click.option("--every", type=float, default=10, show_default=True, help="Seconds between looks.")
@click.option(
    "--monitoring",
    metavar="URL",
    multiple=True,
    help="Where a server tells how much its store can hold, as http://nats:8222; several times.",
)
def exporter(
    *, nats: str | None, data: Path, host: str, port: int, every: float, monitoring: tuple[str, ...]
) -> None:
    """Tell Prometheus how full NATS is, and whether its streams are whole.

    As the bus user metrics, who may ask and do nothing else.
    """
    login = login_as("metrics", nats, data)

    async def work(login: BusLogin) -> None:
        async with serving_metrics(host, port), connected(login, "sluse-exporter") as bus:
            looking = Exporter(bus, monitoring)
            with watched(looking), certificates_watched(looking.name, login):
                await looking.run(every)

    try:
        sys.exit(run(work(login)))
    except SluseError as error:
        click.echo(f"{error.code}: {error.message}", err=True)
        sys.exit(2)
