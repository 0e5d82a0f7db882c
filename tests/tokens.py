"""Keys and tokens of a test's own, as `sluse token` makes them."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from shared.access.issuing import JWKS, SIGNING_KEY, issue, make_keys
from shared.settings import Settings


class Keys:
    """A signing key, and the JWKS that its tokens are checked by."""

    def __init__(self, directory: Path) -> None:
        make_keys(directory)
        self.jwks = directory / JWKS
        self.signing_key_file = directory / SIGNING_KEY
        self.signing_key = self.signing_key_file.read_bytes()

    def token(self, subject: str, *, hours: float = 1, **roles: Collection[str]) -> str:
        """Speaks for the subject, with programmes by role: caseworker=["jobsporet"]."""
        return issue(self.signing_key, subject, roles, hours=hours)

    def settings(self, settings: Settings, **more: Any) -> Settings:
        """The same settings, and nobody gets in without a token of these keys."""
        asked = {"auth": "on", "jwks": str(self.jwks), "rate_limit": 0, **more}
        return replace(settings, **asked)


def bearer(token: str) -> dict[str, str]:
    """The header that shows the token, over HTTP and on the bus."""
    return {"Authorization": f"Bearer {token}"}
