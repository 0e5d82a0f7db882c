"""Tokens of our own, for a trial or a small installation without an issuer of its own."""

import json
import os
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import OKPAlgorithm

from shared.access.subjects import unfit
from shared.access.tokens import CLAIM
from shared.clock import now
from shared.errors import SluseError
from shared.identifiers import derived_id

SIGNING_KEY = "signing-key.pem"
JWKS = "jwks.json"


class NotIssued(SluseError):
    """A key or a token cannot be made."""

    code = "NOT_ISSUED"


def make_keys(directory: Path) -> None:
    """Write a new signing key (0600) and the JWKS that its tokens are checked by.

    Nothing is written over: tokens of an earlier key would be good no more.
    """
    directory.mkdir(parents=True, exist_ok=True)
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key_set = json.dumps({"keys": [_public(private)]}, indent=2).encode()
    for name, content, mode in ((SIGNING_KEY, pem, 0o600), (JWKS, key_set + b"\n", 0o644)):
        path = directory / name
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        except FileExistsError:
            raise NotIssued(f"{path} is there already") from None
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)


def issue(
    signing_key: bytes,
    subject: str,
    roles: Mapping[str, Collection[str]],
    *,
    hours: float = 8,
    issuer: str = "sluse",
    audience: str = "sluse",
    at: datetime | None = None,
) -> str:
    """A token that speaks for the subject; `signing_key` is the PEM of an Ed25519 private key."""
    if why := unfit(subject):
        raise NotIssued(f"the subject cannot act here: {why}")
    try:
        private = load_pem_private_key(signing_key, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise NotIssued("this is no private key as `sluse token keys` makes them") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise NotIssued("this is no Ed25519 key, as `sluse token keys` makes them")
    at = at or now()
    claims = {
        "iss": issuer,
        "aud": audience,
        "sub": subject,
        "iat": at,
        "nbf": at,
        "exp": at + timedelta(hours=hours),
        CLAIM: {"roles": {role: sorted(programmes) for role, programmes in roles.items()}},
    }
    kid = _public(private)["kid"]
    return jwt.encode(claims, private, algorithm="EdDSA", headers={"kid": kid})


def _public(private: Ed25519PrivateKey) -> dict[str, str]:
    """The JWK of its public half; the id is made of the key."""
    said = OKPAlgorithm.to_jwk(private.public_key(), as_dict=True)
    return {**said, "kid": derived_id("jwk", said["x"]), "alg": "EdDSA", "use": "sig"}
