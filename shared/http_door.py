"""The door over HTTP: POST /<service>/commands, the same body and the same reply as on the bus."""

from typing import Any

import structlog
from litestar import MediaType, Request, Response, post
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from shared.bus_door import Answer
from shared.command import LARGEST_BODY, Problem, Reply, refused
from shared.errors import NotYet, SluseError
from shared.handling import Context, context_of

RETRY_AFTER_SECONDS = "1"

STATUS_OF_CODE = {
    "MALFORMED_JSON": 400,
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
    "NOT_YET": 503,
    "OUTCOME_UNKNOWN": 503,
    "BUS_AWAY": 503,
    "DATABASE_AWAY": 503,
    "NOT_STORED": 503,
    "UNREADABLE_HISTORY": 503,
    "SERVER_TOO_OLD": 503,
    "INTERNAL": 500,
    "UNKNOWN_PHASE": 500,
    "JETSTREAM": 503,
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
        include_in_schema=False,  # described from the commands themselves, see command_schema.py
        name=f"{service}-commands",
    )
    async def take(request: Request[Any, Any, Any]) -> Response[Reply]:
        content_type, _ = request.content_type
        if content_type not in ("", "application/json"):
            raise HTTPException(status_code=415, detail="send application/json")
        return reply_response(await answer(await request.body(), _context(request)))

    return take


def reply_response(reply: Reply) -> Response[Reply]:
    """A reply as an HTTP response."""
    status = status_of(reply)
    headers = {"Retry-After": RETRY_AFTER_SECONDS} if status == 503 else {}
    return Response(reply, status_code=status, headers=headers)


def on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Reply]:
    """What Litestar itself refuses, in the shape of every other answer."""
    code = CODE_OF_STATUS.get(error.status_code, "INTERNAL")
    headers = {"Allow": _allowed(request)} if error.status_code == 405 else {}
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


def _context(request: Request[Any, Any, Any]) -> Context:
    headers = request.headers
    return context_of(headers.get("x-correlation-id", ""), headers.get("traceparent", ""))
