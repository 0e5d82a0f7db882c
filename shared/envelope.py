"""The one envelope of every event: CloudEvents 1.0, structured JSON."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType, UnionType
from typing import Any, TypeAlias, get_args

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from shared.claim import ClaimEvent
from shared.correction.events import CORRECTIONS, Data
from shared.errors import Undecodable, UnknownEventType
from shared.event import Event as Event  # noqa: PLC0414 asked for beside its envelope
from shared.subjects import entity_of, source_of, stream_of


class Envelope(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What stands around the data; names and meaning are those of CloudEvents 1.0 and its extensions.

    `time` is the instant of the decision; the instant of recording is the stream's own.
    `commanddigest` is an HMAC of the command. `flags` are codes with a space between them.
    `registeredat` (default: `time`) may be set by imports and simulations alone, with `origin`.
    """

    specversion: str = "1.0"
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: str = "application/json"
    data: Raw
    commandid: str
    commanddigest: str
    correlationid: str
    causationid: str
    actor: str
    flags: str = ""
    traceparent: str = ""
    registeredat: datetime | None = None
    latereason: str = ""
    origin: str = ""

    @property
    def registered_at(self) -> datetime:
        """When somebody registered it at its source."""
        return self.registeredat or self.time


class Recorded(Struct, frozen=True):
    """An event where it stands: its position and instant in the stream, the envelope, the data."""

    stream: str
    position: int
    recorded_at: datetime
    envelope: Envelope
    event: Event


_envelopes = msgspec.json.Decoder(Envelope)
_encoder = msgspec.json.Encoder()


def encode(envelope: Envelope) -> bytes:
    """The bytes that are stored; specversion and content type always stand in them."""
    fields = {name: getattr(envelope, name) for name in envelope.__struct_fields__}
    return _encoder.encode(
        {name: value for name, value in fields.items() if value not in ("", None)}
    )


def encode_data(event: Event) -> Raw:
    """An event's data as JSON."""
    return Raw(_encoder.encode(event))


def _members(union: Any, *, correctable: bool) -> tuple[type[Event], ...]:
    """The events of a union, and those that correct them; a claim is never corrected."""
    own = get_args(union) if isinstance(union, UnionType) or get_args(union) else (union,)
    return (*own, *CORRECTIONS) if correctable and union != ClaimEvent else own


Upcaster: TypeAlias = Callable[[Data], Data]
"""An event's data in an older shape as the present one; the present one stays as it is."""


class Vocabulary:
    """What one service records: its entities, and the events of each."""

    def __init__(
        self,
        service: str,
        events: dict[str, Any],
        upcasters: Mapping[type[Event], Upcaster] = MappingProxyType({}),
        *,
        correctable: bool = True,
    ) -> None:
        """`events`: entity name to the union of its events; `upcasters`: where shapes have changed.

        What is not `correctable` has no events that correct it.
        """
        self.service = service
        self.stream = stream_of(service)
        self.source = source_of(service)
        self.entities = frozenset(events)
        self._decoders = {
            (entity, event.__name__): msgspec.json.Decoder(event)
            for entity, union in events.items()
            for event in _members(union, correctable=correctable)
        }
        self.types = sorted({name for _, name in self._decoders})
        self._upcasters = {event.__name__: upcaster for event, upcaster in upcasters.items()}

    def read(self, subject: str, position: int, recorded_at: datetime, body: bytes) -> Recorded:
        """Decode one stored message; says what is wrong if it is none of this service's events.

        An event whose source is not its stream's is refused too: somebody without the right to
        publish here may have made the server store it.
        """
        try:
            envelope = _envelopes.decode(body)
        except msgspec.MsgspecError as error:
            raise Undecodable(self.stream, position, str(error)) from None
        if envelope.source != self.source or envelope.subject != subject:
            raise Undecodable(
                self.stream,
                position,
                f"it claims to come from {envelope.source} {envelope.subject}",
            )
        return Recorded(
            self.stream, position, recorded_at, envelope, self._data(envelope, position)
        )

    def corrected(self, record: Recorded, data: Data) -> Recorded:
        """The same event with other data; the envelope stays that of its recording."""
        envelope = replace(record.envelope, data=Raw(_encoder.encode(data)))
        return replace(record, event=self._data(envelope, record.position))

    def with_data(self, record: Recorded, data: Data) -> Event:
        """The event as it would be with these data; raises msgspec.ValidationError."""
        key = entity_of(record.envelope.subject), record.envelope.type
        present = self._present(record.envelope.type, Raw(_encoder.encode(data)))
        event: Event = self._decoders[key].decode(present)
        return event

    def _data(self, envelope: Envelope, position: int) -> Event:
        decoder = self._decoders.get((entity_of(envelope.subject), envelope.type))
        if decoder is None:
            raise UnknownEventType(self.stream, position, envelope.type)
        try:
            event: Event = decoder.decode(self._present(envelope.type, envelope.data))
        except msgspec.MsgspecError as error:
            raise Undecodable(self.stream, position, str(error)) from None
        return event

    def _present(self, event_type: str, data: Raw) -> Raw:
        upcaster = self._upcasters.get(event_type)
        if upcaster is None:
            return data
        return Raw(_encoder.encode(upcaster(msgspec.json.decode(data, type=dict[str, Any]))))
