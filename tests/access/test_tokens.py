"""Tokens: whatever is not signed by a known key, for us and for now, lets nobody in."""

import base64
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from shared.access.bearer import Bearer
from shared.access.gate import Gate, Shown, gate_of
from shared.access.issuing import JWKS, NotIssued, issue, make_keys
from shared.access.keys import Keys as KeySet
from shared.access.roles import Grants, Role
from shared.access.tokens import LEEWAY_SECONDS, Verifier
from shared.clock import now
from shared.errors import Forbidden, Unauthenticated
from shared.settings import Settings, SettingsError
from tests.tokens import Keys

DIGEST_KEY = "a secret of access tests"


def claims(**more: Any) -> dict[str, Any]:
    """What a good token says, with differences; None leaves a claim out."""
    at = now()
    good = {
        "iss": "sluse",
        "aud": "sluse",
        "sub": "anna",
        "iat": at,
        "exp": at + timedelta(hours=1),
        "sluse": {"roles": {"caseworker": ["jobsporet"]}},
    }
    return {name: value for name, value in {**good, **more}.items() if value is not None}


@pytest.fixture(scope="session")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def jwks(tmp_path: Path, rsa_key: rsa.RSAPrivateKey, ec_key: ec.EllipticCurvePrivateKey) -> Path:
    """A set with a key of each kind that is allowed, and some that never are."""
    weak = rsa.generate_private_key(65537, 1024).public_key()
    found = [
        {**RSAAlgorithm.to_jwk(rsa_key.public_key(), as_dict=True), "kid": "rsa"},
        {**ECAlgorithm.to_jwk(ec_key.public_key(), as_dict=True), "kid": "ec", "use": "sig"},
        {**RSAAlgorithm.to_jwk(weak, as_dict=True), "kid": "weak"},
        {**RSAAlgorithm.to_jwk(rsa_key.public_key(), as_dict=True), "kid": "enc", "use": "enc"},
        {"kty": "oct", "k": base64.urlsafe_b64encode(b"s" * 32).decode(), "kid": "shared"},
        {"kty": "unheard-of", "kid": "other"},
    ]
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": found}))
    return path


@pytest.fixture
def gate(jwks: Path) -> Gate:
    return gate_of(Settings(digest_key=DIGEST_KEY, jwks=str(jwks)))


async def refused(gate: Gate, token: str) -> str:
    """Why the token lets nobody in; the answer never quotes it."""
    with pytest.raises(Unauthenticated) as told:
        await gate.admitted(Shown(authorization=f"Bearer {token}"))
    assert token not in str(told.value)
    assert told.value.__cause__ is None
    return told.value.message


@pytest.mark.parametrize(("kid", "algorithm"), [("rsa", "RS256"), ("ec", "ES256")])
async def test_a_good_token_says_who_asks_and_what_they_may(
    gate: Gate, request: pytest.FixtureRequest, kid: str, algorithm: str
) -> None:
    key = request.getfixturevalue(f"{kid}_key")
    token = jwt.encode(claims(), key, algorithm, headers={"kid": kid})

    context = await gate.admitted(Shown(authorization=f"bearer {token}"))

    assert context.actor == "anna"
    assert context.grants == Grants({Role.CASEWORKER: frozenset({"jobsporet"})})
    assert token not in repr(context)


WRONG: dict[str, dict[str, Any]] = {
    "expired": {"exp": now() - timedelta(seconds=LEEWAY_SECONDS + 5)},
    "without an end": {"exp": None},
    "not valid yet": {"nbf": now() + timedelta(seconds=LEEWAY_SECONDS + 60)},
    "issued tomorrow": {"iat": now() + timedelta(days=1)},
    "of another issuer": {"iss": "https://elsewhere.example"},
    "without an issuer": {"iss": None},
    "for another audience": {"aud": "payroll"},
    "without an audience": {"aud": None},
    "for nobody": {"sub": None},
    "for nobody by name": {"sub": ""},
    "for a number": {"sub": 7},
    "for a CPR number": {"sub": "010180-1234"},
    "for a CPR number without a dash": {"sub": "0101801234"},
    "for a mail address": {"sub": "anna@example.org"},
    "for sluse itself": {"sub": "sluse:clock"},
    "for sluse in capitals": {"sub": "SLUSE:clock"},
    "for the one on the machine": {"sub": "local"},
    "for two lines": {"sub": "anna\n"},
    "for a very long name": {"sub": "a" * 129},
    "with an unknown role": {"sluse": {"roles": {"king": ["*"]}}},
    "with a role for no list": {"sluse": {"roles": {"reader": "jobsporet"}}},
    "with a programme of no shape": {"sluse": {"roles": {"reader": ["a.b"]}}},
    "with more than roles": {"sluse": {"roles": {}, "admin": True}},
    "with an end beyond time": {"exp": 10**400},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
async def test_a_token_that_says_something_wrong_lets_nobody_in(
    gate: Gate, rsa_key: rsa.RSAPrivateKey, wrong: dict[str, Any]
) -> None:
    said = claims(**wrong)
    if isinstance(said.get("sub"), int):  # PyJWT itself would write none
        token = jwt.PyJWS().encode(
            json.dumps(said, default=lambda at: int(at.timestamp())).encode(),
            rsa_key,
            "RS256",
            headers={"kid": "rsa"},
        )
    else:
        token = jwt.encode(said, rsa_key, "RS256", headers={"kid": "rsa"})

    await refused(gate, token)


async def test_the_clocks_may_differ_a_little(gate: Gate, rsa_key: rsa.RSAPrivateKey) -> None:
    said = claims(
        exp=now() - timedelta(seconds=LEEWAY_SECONDS / 2),
        nbf=now() + timedelta(seconds=LEEWAY_SECONDS / 2),
    )
    token = jwt.encode(said, rsa_key, "RS256", headers={"kid": "rsa"})

    assert (await gate.admitted(Shown(authorization=f"Bearer {token}"))).actor == "anna"


async def test_only_signatures_of_private_keys_count(
    gate: Gate, jwks: Path, rsa_key: rsa.RSAPrivateKey
) -> None:
    public = json.loads(jwks.read_text())["keys"][0]["n"].encode()
    forgeries = {
        "none": jwt.encode(claims(), None, "none", headers={"kid": "rsa"}),
        "a public key as a secret": jwt.encode(claims(), public, "HS256", headers={"kid": "rsa"}),
        "a shared secret": jwt.encode(claims(), b"s" * 32, "HS256", headers={"kid": "shared"}),
        "another algorithm of the key": jwt.encode(
            claims(), rsa_key, "RS512", headers={"kid": "rsa"}
        ),
        "a key for encryption": jwt.encode(claims(), rsa_key, "RS256", headers={"kid": "enc"}),
        "a key that nobody knows": jwt.encode(claims(), rsa_key, "RS256", headers={"kid": "x"}),
        "the id of another key": jwt.encode(claims(), rsa_key, "RS256", headers={"kid": "ec"}),
        "no key id": jwt.encode(claims(), rsa_key, "RS256"),
        "another key": jwt.encode(
            claims(),
            rsa.generate_private_key(65537, 2048),
            "RS256",
            headers={"kid": "rsa"},
        ),
    }
    good = jwt.encode(claims(), rsa_key, "RS256", headers={"kid": "rsa"})
    head, body, signature = good.split(".")
    forgeries |= {
        "other claims": ".".join(
            (head, jwt.encode(claims(sub="bo"), rsa_key, "RS256").split(".")[1], signature)
        ),
        "no signature": f"{head}.{body}.",
        "garbage": "garbage",
        "nothing": "",
        "dots": "..",
        "not ASCII": "æøå.æøå.æøå",
        "a surrogate": "\udcff.x.y",
        "very long": "a" * 100_000,
    }
    accepted = []
    for name, token in forgeries.items():
        with suppress(Unauthenticated):
            await gate.admitted(Shown(authorization=f"Bearer {token}"))
            accepted.append(name)
    assert accepted == []


@pytest.mark.parametrize("authorization", ["", "Bearer", "Basic YTpi", "anna"])
async def test_without_a_bearer_nobody_gets_in(gate: Gate, authorization: str) -> None:
    with pytest.raises(Unauthenticated):
        await gate.admitted(Shown(authorization=authorization))


async def test_a_token_without_roles_allows_nothing(gate: Gate, rsa_key: rsa.RSAPrivateKey) -> None:
    token = jwt.encode(claims(sluse=None), rsa_key, "RS256", headers={"kid": "rsa"})

    assert (await gate.admitted(Shown(authorization=f"Bearer {token}"))).grants == Grants()


async def test_an_actor_may_be_named_but_not_another_one(keys: Keys) -> None:
    gate = gate_of(Settings(digest_key=DIGEST_KEY, jwks=str(keys.jwks)))
    authorization = f"Bearer {keys.token('anna')}"

    assert await gate.admitted(Shown(authorization=authorization, claimed=("anna",)))
    with pytest.raises(Forbidden) as told:
        await gate.admitted(Shown(authorization=authorization, claimed=("anna", "bo")))
    assert told.value.path == "actor"


async def test_a_token_that_was_good_is_looked_at_again_once_it_has_ended(keys: Keys) -> None:
    at = now()
    ahead = timedelta()
    verifier = Verifier(KeySet(str(keys.jwks), 300), "sluse", "sluse", lambda: at + ahead)
    token = Bearer(keys.token("anna", hours=1))

    first = await verifier.caller(token)
    assert await verifier.caller(token) is first, "its signature is looked at once"
    ahead = timedelta(hours=1, seconds=LEEWAY_SECONDS + 1)
    again = await verifier.caller(token)
    assert again is not first, "PyJWT was asked again, and has the machine's clock"


def at(host: str = "127.0.0.1", nats: str = "nats://127.0.0.1:4222", **more: Any) -> Settings:
    return Settings(digest_key=DIGEST_KEY, http_host=host, nats_url=nats, **more)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_auth_may_be_off_on_loopback(host: str) -> None:
    gate_of(at(host, auth="off"))


@pytest.mark.parametrize(
    "settings",
    [
        at("0.0.0.0", auth="off"),
        at("::", auth="off"),
        at("10.0.0.1", auth="off"),
        at("", auth="off"),
        at("sluse.example", auth="off"),
        at("127.0.0.1.example", auth="off"),
        at(nats="nats://nats:4222", auth="off"),
        at(nats="nats://127.0.0.1:4222,nats://10.0.0.1:4222", auth="off"),
        at(nats="10.0.0.1:4222", auth="off"),
        at(),  # on, and no keys
    ],
    ids=str,
)
def test_whatever_would_be_open_to_others_is_refused_at_the_start(settings: Settings) -> None:
    with pytest.raises(SettingsError):
        gate_of(settings)


def test_keys_are_never_written_over(tmp_path: Path) -> None:
    make_keys(tmp_path)
    before = (tmp_path / JWKS).read_bytes()

    with pytest.raises(NotIssued):
        make_keys(tmp_path)
    assert (tmp_path / JWKS).read_bytes() == before


BAD: dict[str, Callable[[Keys], str]] = {
    "a CPR number": lambda keys: issue(keys.signing_key, "010180-1234", {}),
    "sluse": lambda keys: issue(keys.signing_key, "sluse:clock", {}),
    "no key": lambda keys: issue(b"x", "anna", {}),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_what_no_door_would_take_is_not_issued(keys: Keys, bad: Callable[[Keys], str]) -> None:
    with pytest.raises(NotIssued):
        bad(keys)
