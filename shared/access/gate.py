"""The gate before every door: who stands there, by the token that they show."""

import ipaddress
from urllib.parse import urlsplit

from msgspec import Struct

from shared.access.bearer import Bearer
from shared.access.keys import Keys
from shared.access.roles import EVERYTHING, Grants, Roles
from shared.access.subjects import LOCAL
from shared.access.tokens import Verifier
from shared.context import Context, context_of
from shared.errors import Forbidden, Unauthenticated
from shared.settings import Settings, SettingsError

_SCHEME = "bearer "


class Shown(Struct, frozen=True, kw_only=True):
    """What a request carries beside its body; `claimed` are the actors that it names.

    `host` is the Host of HTTP, empty if there is none; None: it came over the bus.
    """

    authorization: str = ""
    host: str | None = None
    claimed: tuple[str, ...] = ()
    correlation_id: str = ""
    traceparent: str = ""


class Gate:
    """Lets a request in as whom its token says; without a verifier everybody on the machine is `local`.

    Everybody, but not a web page that reaches the machine by a name of its own (DNS rebinding).
    """

    def __init__(self, verifier: Verifier | None, rate_limit: int = 0) -> None:
        """`rate_limit`: HTTP requests a second and caller; 0: any number."""
        self._verifier = verifier
        self.rate_limit = rate_limit

    async def admitted(self, shown: Shown) -> Context:
        """Who asks; raises Unauthenticated, KeysAway, or Forbidden for who says to be another."""
        actor, grants, token = LOCAL, EVERYTHING, Bearer()
        if self._verifier is None:
            _refuse_foreign(shown.host)
        else:
            token = _bearer(shown.authorization)
            caller = await self._verifier.caller(token)
            actor, grants = caller.subject, caller.grants
        if any(claimed != actor for claimed in shown.claimed):
            raise Forbidden("the actor is whom the token speaks for", "actor")
        return context_of(shown.correlation_id, shown.traceparent, actor, grants, token)


def refuse_without(
    grants: Grants, roles: Roles, programme: str | None = None, path: str = ""
) -> None:
    """Raise Forbidden unless one of the roles is held, for the programme if there is one."""
    if grants.may(roles, programme):
        return
    names = ", ".join(sorted(roles))
    if not grants.may(roles):
        raise Forbidden(f"this takes one of the roles {names}", path)
    raise Forbidden(f"this takes one of the roles {names}, held for the programme", path)


def gate_of(settings: Settings) -> Gate:
    """The gate as it is set; raises SettingsError if it would be open to others, or cannot check."""
    if settings.auth == "off":
        away = [host for host in _hosts(settings) if not _is_loopback(host)]
        if away:
            raise SettingsError(
                f"SLUSE_AUTH=off is for one machine alone, and {', '.join(away)} is not loopback"
            )
        return Gate(None)
    if not settings.jwks:
        raise SettingsError("SLUSE_JWKS is missing: the URL or path of the keys of tokens")
    keys = Keys(settings.jwks, settings.jwks_max_age)
    verifier = Verifier(keys, settings.jwt_issuer, settings.jwt_audience)
    return Gate(verifier, settings.rate_limit)


def _bearer(authorization: str) -> Bearer:
    if not authorization:
        raise Unauthenticated("a token is needed: Authorization: Bearer …")
    if not authorization.lower().startswith(_SCHEME):
        raise Unauthenticated("the Authorization is none of a bearer")
    return Bearer(authorization[len(_SCHEME) :].strip())


def _refuse_foreign(host: str | None) -> None:
    if host is None:
        return
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        name = ""
    if not _is_loopback(name):
        raise Forbidden("SLUSE_AUTH=off answers this machine alone, as localhost", "Host")


def _hosts(settings: Settings) -> list[str]:
    addresses = [url if "://" in url else f"nats://{url}" for url in settings.nats_url.split(",")]
    return [settings.http_host, *(urlsplit(url.strip()).hostname or "" for url in addresses)]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
