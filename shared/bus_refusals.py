"""What the bus says no to: a login, or a subject that a user has no right to."""

import re
import ssl

from nats.errors import AuthorizationError

from shared.errors import BusAway, SluseError

# nats-py hands on what the server says in lower case
_DENIAL = re.compile(r'permissions violation for (publish|subscription)[^"]*"([^"]+)"')
_REFUSAL = re.compile(r"authorization violation|authentication (revoked|expired|timeout)")


class Denied(BusAway):
    """The server does not let this user: nothing was sent, and it will be the same next time."""

    code = "NATS_DENIED"

    def __init__(self, user: str, action: str, subject: str) -> None:
        """`action`: publish or subscription."""
        to = "publish to" if action == "publish" else "subscribe to"
        SluseError.__init__(self, f"the bus does not let {_called(user)} {to} {subject}")


class LoginRefused(SluseError):
    """The server does not take the connection: another try would end the same."""

    code = "LOGIN_REFUSED"

    def __init__(self, user: str, why: str) -> None:
        super().__init__(f"the bus does not let {_called(user)} in: {why}")


def _called(user: str) -> str:
    return f"the user {user}" if user else "a client without a user"


def denial(error: Exception) -> tuple[str, str] | None:
    """What a user may not do: publish or subscription, and the subject in lower case."""
    found = _DENIAL.search(str(error).lower())
    return None if found is None else (found[1], found[2])


def refuse_denied(last: Exception | None, user: str) -> None:
    """Raise Denied if the last thing that the server said was that this user may not do something."""
    denied = denial(last) if last else None
    if denied is not None:
        raise Denied(user, *denied)


def refusal(error: Exception) -> str | None:
    """Why the server does not let us in; None if it is something else, that may pass."""
    if isinstance(error, AuthorizationError) or _REFUSAL.search(str(error).lower()):
        return "wrong user or password"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or error}"
    return None
