"""All private events, in order of recording, one a line."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from datetime import datetime

import msgspec
from msgspec import Raw, Struct

from shared.bus import Bus
from shared.stream_reader import Message, read
from shared.streams import PRIVATE


class Exported(Struct, frozen=True):
    """One event where it stands."""

    stream: str
    position: int
    recorded_at: datetime
    event: Raw


async def events(bus: Bus, after: Mapping[str, int]) -> AsyncIterator[bytes]:
    """NDJSON lines of all events behind a moment, as far as the streams are when asked.

    The streams' own order is kept; between streams the instants of recording decide.
    """
    readers = {s: _messages(bus, s, after.get(s, 0), await bus.last_position(s)) for s in PRIVATE}
    heads = {stream: await anext(reader, None) for stream, reader in readers.items()}
    try:
        while waiting := {stream: head for stream, head in heads.items() if head is not None}:
            stream = min(waiting, key=lambda s: waiting[s].recorded_at)
            head = waiting[stream]
            yield msgspec.json.encode(
                Exported(stream, head.position, head.recorded_at, Raw(head.body))
            )
            heads[stream] = await anext(readers[stream], None)
    finally:
        for reader in readers.values():
            await reader.aclose()


async def _messages(bus: Bus, stream: str, after: int, last: int) -> AsyncGenerator[Message, None]:
    if after >= last:
        return
    async with aclosing(read(bus, stream, after)) as lists:
        async for messages in lists:
            for message in messages:
                yield message
                if message.position >= last:
                    return
