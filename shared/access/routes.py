"""Who may ask which route over HTTP, and how often."""

from collections.abc import Iterable, Mapping
from typing import Any

from litestar import Litestar, Request
from litestar.connection import ASGIConnection
from litestar.enums import HttpMethod
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.middleware import (
    AbstractAuthenticationMiddleware,
    AuthenticationResult,
    DefineMiddleware,
)
from litestar.middleware.rate_limit import RateLimitConfig
from litestar.types import ASGIApp

from shared.access.gate import Gate, Shown, refuse_without
from shared.access.roles import Roles
from shared.context import Context
from shared.errors import SluseError

ACTOR = "Sluse-Actor"
"""A header that names the actor, at either door: it may not name another than the token."""

_PUBLIC = "is_public"
_ROLES = "roles"
_PROGRAMME = "key"

PUBLIC: Mapping[str, Any] = {_PUBLIC: True}
"""For a route that says nothing of any programme or person."""

ADMITTED: Mapping[str, Any] = {_ROLES: None}
"""For a route whose asker must be known, and where somebody behind it says whether they may."""

AnyRequest = Request[Context, Any, Any]


class UndeclaredRoute(SluseError):
    """A route that does not say who may ask it is a defect: nobody may."""

    code = "UNDECLARED_ROUTE"


def may(roles: Roles) -> Mapping[str, Any]:
    """For a route that these roles may ask; of a programme, if its path has the parameter `key`."""
    return {_ROLES: roles}


class _Authentication(AbstractAuthenticationMiddleware):
    """Finds out who asks. What is wrong is said by the guard: unknown askers are counted too."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        super().__init__(app, exclude_from_auth_key=_PUBLIC)
        self._gate = gate

    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        headers = connection.headers
        shown = Shown(
            authorization=headers.get("authorization", ""),
            host=headers.get("host", ""),
            claimed=(*headers.getall(ACTOR, []), *connection.query_params.getall("actor", [])),
            correlation_id=headers.get("x-correlation-id", ""),
            traceparent=headers.get("traceparent", ""),
        )
        try:
            return AuthenticationResult(user=await self._gate.admitted(shown), auth=None)
        except SluseError as error:
            return AuthenticationResult(user=error, auth=None)


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Refuse whoever may not ask this route."""
    if handler.opt.get(_PUBLIC):
        return
    if isinstance(connection.user, SluseError):
        raise connection.user
    if _ROLES not in handler.opt:
        raise UndeclaredRoute("nobody may ask this")
    roles: Roles | None = handler.opt[_ROLES]
    if roles is not None:
        programme = connection.path_params.get(_PROGRAMME)
        refuse_without(connection.user.grants, roles, programme, _PROGRAMME if programme else "")


def gatekeepers(gate: Gate) -> list[DefineMiddleware]:
    """The middleware before every route: who asks, and how often."""
    keepers = [DefineMiddleware(_Authentication, gate=gate)]
    if gate.rate_limit:
        config = RateLimitConfig(
            rate_limit=("second", gate.rate_limit),
            identifier_for_request=_who,
        )
        keepers.append(config.middleware)
    return keepers


def _who(request: Request[Any, Any, Any]) -> str:
    """A token's subject; who has no good token, or shows none, counts by address."""
    if isinstance(user := request.scope.get("user"), Context):
        return f"subject {user.actor}"
    return f"address {request.client.host if request.client else ''}"


def refuse_undeclared(app: Litestar) -> Litestar:
    """The app; raises UndeclaredRoute if a route of it does not say who may ask."""
    for path, handler in declared(app):
        if not {_PUBLIC, _ROLES} & handler.opt.keys():
            raise UndeclaredRoute(f"{path} does not say who may ask it")
    return app


def declared(app: Litestar) -> Iterable[tuple[str, HTTPRouteHandler]]:
    """Every route with its handler, but what Litestar itself answers to OPTIONS."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if handler.http_methods != {HttpMethod.OPTIONS}:
                yield route.path, handler
