"""A wire between a client and its NATS server that can swallow what the server says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Proxy:
    """Passes bytes both ways, until a publish with an expectation is seen while `armed`.

    From then on nothing that the server says reaches that client: the server has stored, the
    client never hears. `heal` breaks the connections that were struck; new ones work.
    """

    def __init__(self, target: str) -> None:
        host, _, port = target.removeprefix("nats://").partition(":")
        self._target = (host, int(port))
        self._open: set[asyncio.StreamWriter] = set()
        self._mute: set[asyncio.StreamWriter] = set()
        self.armed = False
        self.struck = asyncio.Event()
        self.url = ""

    def arm(self) -> None:
        """The next publish with an expectation strikes."""
        self.armed = True
        self.struck.clear()

    def heal(self) -> None:
        """Break the mute connections; their clients come again."""
        self.armed = False
        for writer in self._mute:
            writer.close()
        self._mute.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream_reader, upstream = await asyncio.open_connection(*self._target)
        except OSError:
            writer.close()
            return
        self._open |= {writer, upstream}
        await asyncio.gather(
            self._pass_up(reader, upstream, writer), self._pass_down(upstream_reader, writer)
        )
        for end in (writer, upstream):
            end.close()
            with suppress(OSError):
                await end.wait_closed()
            self._open.discard(end)

    async def _pass_up(
        self, client: asyncio.StreamReader, server: asyncio.StreamWriter, back: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while chunk := await client.read(65536):
                if self.armed and b"Nats-Expected-Last-Subject-Sequence" in chunk:
                    self.armed = False
                    self._mute.add(back)
                    self.struck.set()
                server.write(chunk)
                await server.drain()
        server.close()

    async def _pass_down(self, server: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await server.read(65536):
                if client not in self._mute:
                    client.write(chunk)
                    await client.drain()
        client.close()

    def close(self) -> None:
        for writer in self._open:
            writer.close()


@asynccontextmanager
async def between(target: str) -> AsyncIterator[Proxy]:
    """A proxy to the server (the first one, if several are named)."""
    proxy = Proxy(target.split(",", maxsplit=1)[0])
    served: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        served.add(task)
        await proxy.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1")
    proxy.url = f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        proxy.close()
        await asyncio.gather(*served, return_exceptions=True)
