"""The keys that tokens are signed with: a JWKS, looked at again from time to time."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError
from msgspec import Struct

from shared.errors import KeysAway

ALGORITHMS = frozenset({"RS256", "ES256", "EdDSA"})
"""Signed with a private key; what a public key could forge (HS256) or nobody signs (none) is not here."""

SHORTEST_RSA_BITS = 2048
LARGEST_SET = 1_000_000
FETCH_SECONDS = 3.0
RETRY_SECONDS = 10.0
FIRST_RETRY_SECONDS = 1.0

log = structlog.get_logger()


class _KeySet(Struct):
    """RFC 7517, section 5."""

    keys: list[dict[str, Any]]


class Keys:
    """A JWKS from a URL, a file, or given as it is; what was read last goes on when it is away."""

    def __init__(
        self, source: str, max_age: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """`max_age`: seconds until it is read again; the same for a URL and a file."""
        self._source = source
        self._max_age = max_age
        self._monotonic = monotonic
        self._keys: dict[str, PyJWK] | None = None
        self._content: object = None
        self._read_at = self._tried_at = float("-inf")
        self._reading = asyncio.Lock()
        self.generation = 0
        """Rises when the keys change: what an older one has let in is looked at again."""

    async def look_again(self) -> None:
        """Read the set again if it is time; raises KeysAway if it was never read."""
        is_old = self._monotonic() - self._read_at > self._max_age
        is_being_read = self._keys is not None and self._reading.locked()
        if is_old and not is_being_read:
            await self._read()
        if self._keys is None:
            raise KeysAway

    async def find(self, kid: str) -> PyJWK | None:
        """The key of that id; one that is not known is looked for once more, not too often."""
        await self.look_again()
        if kid not in (self._keys or {}):
            await self._read()
        return (self._keys or {}).get(kid)

    async def _read(self) -> None:
        asked_at = self._monotonic()
        async with self._reading:
            pause = FIRST_RETRY_SECONDS if self._keys is None else RETRY_SECONDS
            if self._monotonic() - self._tried_at < pause or self._tried_at > asked_at:
                return
            self._tried_at = self._monotonic()
            try:
                found = msgspec.json.decode(await self._fetched(), type=_KeySet).keys
            except (OSError, httpx.HTTPError, httpx.InvalidURL, msgspec.MsgspecError) as error:
                log.warning("jwks_away", error=type(error).__name__)
                return
            self._read_at = self._monotonic()
            if found != self._content:
                self._content = found
                self._keys = _usable(found)
                self.generation += 1

    async def _fetched(self) -> bytes:
        if self._source.lstrip().startswith("{"):
            return self._source.encode()
        if not self._source.startswith(("http://", "https://")):
            return await asyncio.to_thread(Path(self._source).read_bytes)
        content = bytearray()
        async with (
            asyncio.timeout(FETCH_SECONDS),
            httpx.AsyncClient(timeout=FETCH_SECONDS) as client,
            client.stream("GET", self._source) as response,
        ):
            response.raise_for_status()
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > LARGEST_SET:
                    raise httpx.DecodingError("larger than any set of keys")
        return bytes(content)


def _usable(found: list[dict[str, Any]]) -> dict[str, PyJWK]:
    """Those that verify signatures, by their ids."""
    usable = {}
    for content in found:
        try:
            key = PyJWK(content)
        except PyJWTError:
            continue
        if key.key_id and key.public_key_use in (None, "sig") and _is_strong(key):
            usable[key.key_id] = key
    if len(usable) < len(found):
        log.warning("jwks_keys_unusable", unusable=len(found) - len(usable), usable=len(usable))
    return usable


def _is_strong(key: PyJWK) -> bool:
    if key.algorithm_name not in ALGORITHMS:
        return False
    return not isinstance(key.key, RSAPublicKey) or key.key.key_size >= SHORTEST_RSA_BITS
