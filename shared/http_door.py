"""The door over HTTP: POST /<service>/commands, the same body and the same reply as on the bus."""

from typing import Any

import structlog
from litestar import MediaType, Request, Response, post
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from opentelemetry.trace import SpanKind

from shared import metrics, tracing
from shared.access.routes import ADMITTED, AnyRequest
from shared.bus_door import Answer
from shared.command import LARGEST_BODY, SEND_AGAIN, Problem, Reply, refused
from shared.errors import NotYet, SluseError

RETRY_AFTER_SECONDS = "1"

STATUS_OF_CODE = {
    "MALFORMED_JSON": 400,
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "TOO_LARGE": 413,
    "STATE": 409,
    "CONFLICT": 409,
    "ALREADY_ENROLLED": 409,
    "NO_BASIS": 409,
    "SAME_ACTOR": 409,
    "ERASED": 409,
    "PARTITION": 409,
    "INCOMPLETE": 409,
    **dict.fromkeys(SEND_AGAIN, 503),
    "INTERNAL": 500,
    "UNKNOWN_PHASE": 500,
}
CODE_OF_STATUS = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "TOO_MANY_REQUESTS",
}
log = structlog.get_logger()


def status_of(reply: Reply) -> int:
    """The HTTP status of a reply; a refusal of content that has no other is 422."""
    return 200 if reply.error is None else STATUS_OF_CODE.get(reply.error.code, 422)


def command_route(service: str, answer: Answer) -> HTTPRouteHandler:
    """The route that takes a service's commands."""

    @post(
        f"/{service}/commands",
        status_code=200,
        media_type=MediaType.JSON,
        request_max_body_size=LARGEST_BODY,
        opt=ADMITTED,  # the service itself knows who may send which command
        include_in_schema=False,  # described from the commands themselves, see command_schema.py
        name=f"{service}-commands",
    )
    async def take(request: AnyRequest) -> Response[Reply]:
        content_type, _ = request.content_type
        if content_type != "application/json":  # what a foreign page may not send without asking
            raise HTTPException(status_code=415, detail="send application/json")
        body, context = await request.body(), request.user
        with tracing.span(f"POST /{service}/commands", SpanKind.SERVER, parent=context.traceparent):
            return reply_response(await answer(body, context))

    return take


class Counted(ASGIMiddleware):
    """Counts and times the requests of each route; the first of all middleware, so that it sees each.

    Litestar's own counts what another middleware refuses as answered with 200.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, service: str) -> None:
        self._service = service

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """One request, by the route's template and the status that its asker sees."""
        status = 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        labels = self._service, str(scope.get("method")), scope["path_template"]
        with metrics.REQUEST_SECONDS.labels(*labels).time():
            try:
                await next_app(scope, receive, noted)
            except HTTPException as error:  # answered further out
                status = error.status_code
                raise
            except SluseError as error:
                status = status_of(refused(error))
                raise
            finally:
                metrics.REQUESTS.labels(*labels, str(status)).inc()


def reply_response(reply: Reply) -> Response[Reply]:
    """A reply as an HTTP response."""
    status = status_of(reply)
    headers = {"Retry-After": RETRY_AFTER_SECONDS} if status == 503 else {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(reply, status_code=status, headers=headers)


def on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Reply]:
    """What Litestar itself refuses, in the shape of every other answer."""
    code = CODE_OF_STATUS.get(error.status_code, "INTERNAL")
    headers = {"Allow": _allowed(request)} if error.status_code == 405 else {}
    if error.status_code == 429:
        headers["Retry-After"] = RETRY_AFTER_SECONDS  # the limit is one of a second
    reply = Reply(ok=False, error=Problem(code, error.detail, ""))
    return Response(reply, status_code=error.status_code, headers=headers)


def on_error(_: Request[Any, Any, Any], error: SluseError) -> Response[Reply]:
    """What a reading refuses; NOT_YET is a conflict there, not a lack of service."""
    reply = refused(error)
    if isinstance(error, NotYet):
        return Response(reply, status_code=409, headers={"Retry-After": RETRY_AFTER_SECONDS})
    return reply_response(reply)


def _allowed(request: Request[Any, Any, Any]) -> str:
    routes = (route for route in request.app.routes if route.path == request.url.path)
    return ", ".join(
        sorted({str(method) for route in routes for method in getattr(route, "methods", ())})
    )


def on_defect(_: Request[Any, Any, Any], error: Exception) -> Response[Reply]:
    """A defect of ours: the answer's shape holds, and nothing of the inside goes out."""
    log.error("failed", error=type(error).__name__, exc_info=error)
    return Response(
        Reply(ok=False, error=Problem("INTERNAL", "a defect; see the log")), status_code=500
    )
