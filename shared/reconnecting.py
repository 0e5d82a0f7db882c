"""Coming back to a bus that was away: soon, and not all at once."""

from typing import Any

from nats.aio.client import Server

from shared.backoff import pause_after

FIRST_SECONDS = 0.1
MOST_SECONDS = 2.0
"""How late the bus' return may be noticed. Each try costs a server with passwords a tenth of a
second; many clients that try in step would keep it busy with tries that time out."""


def next_try(servers: list[Server], _info: dict[str, Any]) -> tuple[Server, float]:
    """Which of the servers to try now, and after how many seconds: the one that was tried least."""
    server = min(servers, key=lambda it: it.reconnects)
    return server, pause_after(server.reconnects + 1, FIRST_SECONDS, MOST_SECONDS)
