"""What a door knows beside the body: who asks, what they may, and what led to it."""

import re

from msgspec import Struct

from shared.access.bearer import Bearer
from shared.access.roles import EVERYTHING, Grants
from shared.access.subjects import LOCAL
from shared.identifiers import looks_like_cpr

_CORRELATION_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class Context(Struct, frozen=True, kw_only=True):
    """Who asks, what they may, and what led to it; `token` goes along where a command is passed on.

    Without grants nothing is allowed, unless it is sluse itself that acts.
    """

    actor: str = "anonymous"
    grants: Grants = Grants()
    correlation_id: str = ""
    causation_id: str = ""
    traceparent: str = ""
    token: Bearer = Bearer()


def context_of(
    correlation_id: str,
    traceparent: str,
    actor: str = LOCAL,
    grants: Grants = EVERYTHING,
    token: Bearer = Bearer(),  # noqa: B008 - frozen
) -> Context:
    """What a door was told beside the body; what has not the shape, or betrays a person, is dropped."""
    correlates = _CORRELATION_ID.fullmatch(correlation_id) and not looks_like_cpr(correlation_id)
    return Context(
        actor=actor,
        grants=grants,
        correlation_id=correlation_id if correlates else "",
        traceparent=traceparent if _TRACEPARENT.fullmatch(traceparent) else "",
        token=token,
    )
