"""The operator's commands for the bus itself: write its configuration, have it read anew."""

from pathlib import Path

import click

from shared.bus import connected
from shared.bus_login import BusLogin
from shared.errors import Forbidden
from sluse.commands.terminal import PATIENCE_SECONDS, carry_out, login_as, nats_option, say
from sluse.nats_configuration import servers
from sluse.nats_configuration.rights import DURABLES, SYSTEM_USER
from sluse.nats_configuration.server import Cluster, Server, Tls
from sluse.nats_configuration.server import configure as write


@click.group()
def nats() -> None:
    """The bus: users, rights, TLS, cluster."""


@nats.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option(
    "--secrets", required=True, type=click.Path(path_type=Path), help="The users' passwords."
)
@click.option("--name", default="n1", show_default=True, help="The server's own.")
@click.option("--store", default="/data", show_default=True, help="Where it keeps the streams.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=4222, show_default=True)
@click.option("--monitoring", default="", help="HOST:PORT of its HTTP endpoint; none without it.")
@click.option("--cluster", default="", help="The cluster's name.")
@click.option("--listen", default="0.0.0.0:6222", show_default=True, help="For the cluster.")
@click.option("--route", "routes", multiple=True, help="HOST:PORT of another of the cluster.")
@click.option("--cert", default="", help="TLS: the server's certificate.")
@click.option("--key", default="", help="TLS: the key to it.")
@click.option("--ca", default="", help="TLS: whose certificates of clients are taken.")
@click.option("--verify-clients", is_flag=True, help="TLS: nobody gets in without one.")
def configure(
    *,
    directory: Path,
    secrets: Path,
    name: str,
    store: str,
    host: str,
    port: int,
    monitoring: str,
    cluster: str,
    listen: str,
    routes: tuple[str, ...],
    cert: str,
    key: str,
    ca: str,
    verify_clients: bool,
) -> None:
    """Write a server's configuration, with a file per account and a password for every user.

    Passwords and foreign systems' accounts that are there stay. Paths are as the server sees them.
    """
    if bool(cert) != bool(key) or (verify_clients and not (cert and ca)):
        raise click.UsageError("TLS needs --cert and --key, --verify-clients --ca too")

    async def work() -> int:
        server = Server(
            name=name,
            store=store,
            host=host,
            port=port,
            monitoring=monitoring,
            tls=Tls(cert, key, ca, verify_clients) if cert else None,
            cluster=Cluster(cluster, routes, listen) if cluster else None,
        )
        say({"written": str(write(directory, secrets, server))})
        return 0

    carry_out(work())


@nats.command()
@nats_option
@click.pass_context
def reload(context: click.Context, /, nats: object) -> None:
    """Have all servers read their configuration anew; nobody is disconnected who still may be there.

    As the user system: by its file in SLUSE_NATS_SECRETS, or SLUSE_NATS_USER=system with its
    password, or the one of the embedded sluse in --data.
    """
    login = login_as(SYSTEM_USER, context.params["nats"], context.params["data"])

    async def work() -> int:
        async with connected(login, "sluse-reload", PATIENCE_SECONDS) as bus:
            say({"reloaded": await servers.reload(bus)})
        return 0

    carry_out(work())


@nats.command()
@click.argument("stream")
@click.argument("consumer")
@nats_option
def forget(stream: str, consumer: str, nats: BusLogin) -> None:
    """Delete a durable consumer that nobody reads any more, and with it how far it was."""

    async def work() -> int:
        for durable in DURABLES:
            if (durable.stream, durable.name) == (stream, consumer):
                raise Forbidden(f"{durable.service} reacts with it: it knows what is settled")
        async with connected(nats, "sluse-forget", PATIENCE_SECONDS) as bus:
            await bus.api(f"CONSUMER.DELETE.{stream}.{consumer}", {})
        say({"forgotten": f"{stream} {consumer}"})
        return 0

    carry_out(work())
