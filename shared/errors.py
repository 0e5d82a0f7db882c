"""Everything that can go wrong between a command and its answer, as one tree.

SluseError
├── Refused                 the command is wrong: nothing was recorded, sending it again changes nothing
│   ├── MalformedJson       not JSON at all
│   ├── InvalidField        a field is missing, unknown, of the wrong shape, or names what does not exist
│   ├── FutureDate          a fact from tomorrow
│   ├── Late                registered after the definition's limit, without a reason
│   ├── PiiInEvent          something that looks like a person's number, phone or e-mail address
│   ├── NotPossible         the state does not allow this step
│   ├── Forbidden           a step that sluse takes by itself alone
│   └── Conflict            someone was faster, or the command id was used for something else
├── Unanswered              nobody knows better yet: sending the same command again is right
│   ├── NotYet              a view or a read model has not reached the position that is needed
│   ├── OutcomeUnknown      sent, but no acknowledgement came
│   ├── BusAway             the bus does not answer; nothing was sent
│   └── UnreadableHistory   the entity's own events cannot be read by this version
└── StreamProblem           what stops a reader: nothing is ever skipped
    ├── StreamGap           a position is missing
    ├── Undecodable         a message is no event, or not one of this stream
    └── UnknownEventType    a newer writer exists
"""

from datetime import date
from typing import ClassVar


class SluseError(Exception):
    """Carries a code for machines, a message for people and, where it helps, the path of the field."""

    code: ClassVar[str] = "ERROR"

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.path = path


class Refused(SluseError):
    """The command is wrong as it stands."""


class MalformedJson(Refused):
    code = "MALFORMED_JSON"


class InvalidField(Refused):
    code = "INVALID_FIELD"

    def __init__(self, path: str, why: str) -> None:
        super().__init__(why, path)


class UnknownField(InvalidField):
    """The path ends in a name of the caller's making: an answer may say it, a log may not."""


class FutureDate(Refused):
    code = "FUTURE_DATE"

    def __init__(self, path: str, said: date, now: date) -> None:
        """A day and today, or an instant and this one."""
        super().__init__(f"{said} has not come yet: it is {now}", path)


class Late(Refused):
    code = "LATE"

    def __init__(self, path: str, days: int, limit: int) -> None:
        super().__init__(
            f"registered {days} days after it happened, the limit is {limit}: give a late_reason",
            path,
        )


class PiiInEvent(Refused):
    code = "PII_IN_EVENT"

    def __init__(self, path: str, looks_like: str) -> None:
        super().__init__(f"this looks like {looks_like}; events hold no identity", path)


class NotFound(Refused):
    code = "NOT_FOUND"


class NotPossible(Refused):
    """The step is not possible in the entity's state."""

    code = "STATE"

    def __init__(self, why: str, path: str = "") -> None:
        super().__init__(why, path)


class Forbidden(Refused):
    code = "FORBIDDEN"


class Conflict(Refused):
    code = "CONFLICT"


class Unanswered(SluseError):
    """The truth is not known here and now."""


class NotYet(Unanswered):
    code = "NOT_YET"


class OutcomeUnknown(Unanswered):
    code = "OUTCOME_UNKNOWN"

    def __init__(self) -> None:
        super().__init__("no acknowledgement came: send the same command again")


class BusAway(Unanswered):
    code = "BUS_AWAY"

    def __init__(self) -> None:
        super().__init__("the bus does not answer: send the same command again later")


class DatabaseAway(Unanswered):
    code = "DATABASE_AWAY"

    def __init__(self) -> None:
        super().__init__("the database does not answer: send the same again later")


class UnreadableHistory(Unanswered):
    code = "UNREADABLE_HISTORY"


class StreamProblem(SluseError):
    """What stops a reader until somebody acts."""


class StreamGap(StreamProblem):
    code = "STREAM_GAP"

    def __init__(self, stream: str, expected: int, found: int) -> None:
        super().__init__(f"{stream}: position {expected} is missing, the next one is {found}")


class StreamShorter(StreamProblem):
    code = "STREAM_SHORTER"

    def __init__(self, stream: str, read: int, last: int) -> None:
        super().__init__(f"{stream}: read up to {read}, but it ends at {last}: was it restored?")


class Undecodable(StreamProblem):
    code = "UNDECODABLE"

    def __init__(self, stream: str, position: int, why: str) -> None:
        super().__init__(f"{stream} position {position} is not one of its events: {why}")
        self.position = position


class UnknownEventType(StreamProblem):
    code = "UNKNOWN_EVENT_TYPE"

    def __init__(self, stream: str, position: int, event_type: str) -> None:
        super().__init__(
            f"{stream} position {position} has the type {event_type}, "
            "which this version does not know: a newer one has written it"
        )
        self.position = position
