"""Where the bus is, and as whom we come: user and password, and the files of TLS."""

import ssl
from typing import Any

from msgspec import Struct

from shared.errors import SluseError

INBOX = "_INBOX"


class TlsFiles(SluseError):
    """A file that TLS needs cannot be read or is none of what it should be."""

    code = "TLS_FILES"


class BusLogin(Struct, frozen=True):
    """`url` may name several servers with commas between; what is empty is not used.

    `ca` is the file of the certificates that the server's is checked against (empty: the
    machine's own), `cert` and `key` are the files of ours, for servers that ask for one.
    `token` is for the services' doors behind the bus; the bus itself does not look at it.
    """

    url: str
    user: str = ""
    password: str = ""
    ca: str = ""
    cert: str = ""
    key: str = ""
    token: str = ""

    def __repr__(self) -> str:
        return f"BusLogin({self.url!r}, {self.user!r})"  # never the password

    @property
    def servers(self) -> list[str]:
        """Each server's address."""
        return self.url.split(",")

    @property
    def inbox_prefix(self) -> str:
        """Where answers come to: a place of the user's own, as nobody may listen to another's."""
        return f"{INBOX}.{self.user}" if self.user else INBOX

    def options(self) -> dict[str, Any]:
        """What nats-py's connect takes of it. Raises TlsFiles."""
        return {
            "user": self.user or None,
            "password": self.password or None,
            "tls": self.tls(),
            "inbox_prefix": self.inbox_prefix,
        }

    def tls(self) -> ssl.SSLContext | None:
        """How to talk TLS; None if nothing of it is given. Raises TlsFiles."""
        if not (self.ca or self.cert):
            return None  # nats-py makes a context by itself if the server asks for TLS
        try:
            context = ssl.create_default_context(cafile=self.ca or None)
            if self.cert:
                context.load_cert_chain(self.cert, self.key or None)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            given = ", ".join(path for path in (self.ca, self.cert, self.key) if path)
            raise TlsFiles(f"{error.__class__.__name__} with {given}: {error}") from None
        return context


def login_of(server: str | BusLogin) -> BusLogin:
    """A bare address is one without a login."""
    return BusLogin(server) if isinstance(server, str) else server
