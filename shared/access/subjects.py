"""Whom a token speaks for: a name that may stand in events for ever."""

import re

from shared.identifiers import looks_like_cpr

LOCAL = "local"
"""The actor where no tokens are asked for."""

_SUBJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:|-]{0,127}")
_RESERVED = (LOCAL, "anonymous", "sluse")


def unfit(subject: str) -> str:
    """Why nobody can act under this name; empty if they can.

    No mail address (it has an @): an event is never changed, and people leave.
    """
    if not _SUBJECT.fullmatch(subject):
        return "1 to 128 letters, digits and . _ : | -, beginning with a letter or digit"
    if looks_like_cpr(subject):
        return "it looks like a CPR number"
    if subject.lower().split(":", 1)[0] in _RESERVED:
        return "the name is reserved for sluse itself"
    return ""
