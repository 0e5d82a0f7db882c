"""Bearer tokens: signed by a known key, for us, for now; whose, and what they allow."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

import jwt
import msgspec
from msgspec import Meta, Struct

from shared.access.bearer import Bearer
from shared.access.keys import ALGORITHMS, Keys
from shared.access.roles import EVERYWHERE, Grants, Role
from shared.access.subjects import unfit
from shared.clock import now
from shared.errors import Unauthenticated
from shared.recent import Recent

LEEWAY_SECONDS = 30
LARGEST_TOKEN = 8_192
REMEMBERED = 10_000
"""Tokens whose signature was found good, and need not be looked at again until they end."""

REQUIRED = ("exp", "iat", "iss", "aud", "sub")
CLAIM = "sluse"

Programme = Annotated[str, Meta(pattern=rf"^([a-z0-9-]{{1,64}}|\{EVERYWHERE})(?!\n)$")]


class Caller(Struct, frozen=True):
    """Whom a token speaks for, what it allows, and until when (seconds since 1970)."""

    subject: str
    grants: Grants
    expires: float


class _Claim(Struct, forbid_unknown_fields=True):
    roles: dict[Role, tuple[Programme, ...]]


class Verifier:
    """Looks at tokens; the same one twice costs its signature once."""

    def __init__(
        self, keys: Keys, issuer: str, audience: str, clock: Callable[[], datetime] = now
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._good: Recent[tuple[Caller, int]] = Recent(REMEMBERED)

    async def caller(self, token: Bearer) -> Caller:
        """Whose token it is; raises Unauthenticated, or KeysAway."""
        if len(token.text) > LARGEST_TOKEN:
            raise Unauthenticated("the token is too long")
        await self._keys.look_again()
        name = hashlib.blake2b(token.text.encode(errors="replace"), digest_size=16).hexdigest()
        known = self._good.get(name)
        if known is not None and self._still_good(*known):
            return known[0]
        caller = await self._verified(token.text)
        self._good.keep(name, (caller, self._keys.generation), 1)
        return caller

    def _still_good(self, caller: Caller, generation: int) -> bool:
        ends = caller.expires + LEEWAY_SECONDS
        return generation == self._keys.generation and self._clock().timestamp() < ends

    async def _verified(self, text: str) -> Caller:
        # "from None": PyJWT's own words may quote the token, and a log would hold them
        try:
            header = jwt.get_unverified_header(text)
        except (jwt.PyJWTError, ValueError):
            raise Unauthenticated("this is no token") from None
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS or not isinstance(kid, str):
            raise Unauthenticated(
                "a token names its key (kid) and is signed by RS256, ES256, EdDSA"
            )
        key = await self._keys.find(kid)
        if key is None or key.algorithm_name != algorithm:
            raise Unauthenticated("the token is signed by a key that is not known here")
        try:
            claims = jwt.decode(
                text,
                key.key,
                algorithms=[algorithm],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": list(REQUIRED)},
            )
            expires = float(claims["exp"])
        except (jwt.PyJWTError, ValueError, OverflowError) as error:
            raise Unauthenticated(_why(error)) from None
        return Caller(_subject(claims), _grants(claims), expires)


_WHY: Mapping[type[Exception], str] = {
    jwt.ExpiredSignatureError: "the token has expired",
    jwt.ImmatureSignatureError: "the token is not valid yet",
    jwt.InvalidIssuerError: "the token is from another issuer",
    jwt.InvalidAudienceError: "the token is for another audience",
    jwt.MissingRequiredClaimError: f"a token says {', '.join(REQUIRED)}",
}


def _why(error: Exception) -> str:
    return _WHY.get(type(error), "the token's signature or claims are not valid")


def _subject(claims: Mapping[str, Any]) -> str:
    subject = str(claims["sub"])
    if why := unfit(subject):
        raise Unauthenticated(f"the token's subject cannot act here: {why}")
    return subject


def _grants(claims: Mapping[str, Any]) -> Grants:
    """What the claim says; a token without it allows nothing, one that cannot be read is refused."""
    if CLAIM not in claims:
        return Grants()
    try:
        said = msgspec.convert(claims[CLAIM], _Claim)
    except msgspec.ValidationError:
        raise Unauthenticated(f"the token's claim {CLAIM!r} is not as documented") from None
    return Grants({role: frozenset(programmes) for role, programmes in said.roles.items()})
