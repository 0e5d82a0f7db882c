"""How to talk to the bus of an embedded sluse: its address and its users' passwords lie with its data."""

from pathlib import Path

from shared.bus_login import BusLogin
from sluse.nats_configuration import passwords

SECRETS = "secrets"
ADDRESS = "address"


def login(nats: Path, user: str = "operator") -> BusLogin | None:
    """As a user of the server that has, or last had, its files in the directory; None without one."""
    try:
        url = (nats / ADDRESS).read_text().strip()
        password = passwords.file_of(nats / SECRETS, user).read_text().strip()
    except OSError:
        return None
    return BusLogin(url, user, password)
