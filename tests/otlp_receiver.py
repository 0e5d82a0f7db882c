"""A receiver of traces for tests: what an OpenTelemetry collector takes over HTTP, decoded and kept."""

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from msgspec import Struct
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


class Span(Struct, frozen=True):
    """One span as it was sent; ids in hexadecimal, `parent` empty for the first of a trace."""

    name: str
    kind: int
    trace: str
    id: str
    parent: str
    links: tuple[str, ...]
    status: str
    attributes: dict[str, str]
    resource: dict[str, str]


class Receiver:
    """The spans that have come, at `endpoint`."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.paths: set[str] = set()
        self._spans: list[Span] = []
        self._news = threading.Condition()

    def take(self, path: str, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        with self._news:
            self.paths.add(path)
            self._spans += _spans(request)
            self._news.notify_all()

    def spans(self) -> list[Span]:
        with self._news:
            return list(self._spans)

    def until(self, found: Callable[[list[Span]], bool], seconds: float = 120) -> list[Span]:
        """All spans as soon as they are enough; what has come is in the error if they never are."""
        with self._news:
            enough = self._news.wait_for(lambda: found(self._spans), seconds)
            assert enough, "\n".join(map(str, self._spans))
            return list(self._spans)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on loopback for as long as the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            receiver.take(self.path, body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _spans(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for resource in request.resource_spans:
        about = {it.key: it.value.string_value for it in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Span(
                    name=span.name,
                    kind=span.kind,
                    trace=span.trace_id.hex(),
                    id=span.span_id.hex(),
                    parent=span.parent_span_id.hex(),
                    links=tuple(link.span_id.hex() for link in span.links),
                    status=span.status.message,
                    attributes={
                        it.key: it.value.string_value or str(it.value.int_value)
                        for it in span.attributes
                    },
                    resource=about,
                )
