"""The keys of tokens: read again when it is time, and missed as little as possible when they are away."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from shared.access.bearer import Bearer
from shared.access.issuing import JWKS
from shared.access.keys import LARGEST_SET, RETRY_SECONDS
from shared.access.keys import Keys as KeySet
from shared.access.tokens import Verifier
from shared.errors import KeysAway, Unauthenticated
from tests.servers import free_port
from tests.tokens import Keys

MAX_AGE = 300.0


class Issuer:
    """A web server with a JWKS, which counts how often it is asked; `status` is its answer's."""

    def __init__(self) -> None:
        self.content: bytes = b""
        self.status = 200
        self.asked = 0
        issuer = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                self.send_response(issuer.status)
                self.end_headers()
                self.wfile.write(issuer.content)

            def log_message(self, *_: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def offer(self, *keys: Keys) -> None:
        found = [key for it in keys for key in json.loads(it.jwks.read_text())["keys"]]
        self.content = json.dumps({"keys": found}).encode()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    server = Issuer()
    yield server
    server.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def verifier(issuer: Issuer, clock: Clock) -> Verifier:
    return Verifier(KeySet(issuer.url, MAX_AGE, clock), "sluse", "sluse")


@pytest.fixture
def next_keys(tmp_path: Path) -> Keys:
    """What the issuer signs with after it has changed its keys."""
    return Keys(tmp_path / "next")


async def subject(verifier: Verifier, token: str) -> str:
    return (await verifier.caller(Bearer(token))).subject


async def refused(verifier: Verifier, token: str) -> bool:
    try:
        await subject(verifier, token)
    except Unauthenticated:
        return True
    return False


async def test_the_set_is_asked_for_once_and_again_when_it_is_old(
    issuer: Issuer, verifier: Verifier, clock: Clock, keys: Keys
) -> None:
    issuer.offer(keys)
    tokens = [keys.token(f"person-{n}") for n in range(20)]

    assert await asyncio.gather(*(subject(verifier, it) for it in tokens))
    assert issuer.asked == 1
    clock.seconds += MAX_AGE + 1
    assert await asyncio.gather(*(subject(verifier, it) for it in tokens))
    assert issuer.asked == 2


async def test_a_new_key_is_found_at_once_but_the_issuer_is_not_asked_for_every_unknown_one(
    issuer: Issuer, verifier: Verifier, clock: Clock, keys: Keys, next_keys: Keys
) -> None:
    issuer.offer(keys)
    await subject(verifier, keys.token("anna"))
    clock.seconds += RETRY_SECONDS + 1
    issuer.offer(keys, next_keys)
    assert await subject(verifier, next_keys.token("anna")) == "anna"
    assert issuer.asked == 2

    issuer.offer(keys)
    clock.seconds += RETRY_SECONDS + 1
    stranger = Keys(next_keys.jwks.parent.parent / "stranger")
    flood = [stranger.token(f"person-{n}") for n in range(50)]
    assert all(await asyncio.gather(*(refused(verifier, it) for it in flood)))
    assert issuer.asked == 3


async def test_a_key_that_was_withdrawn_lets_nobody_in_any_more(
    issuer: Issuer, verifier: Verifier, clock: Clock, keys: Keys, next_keys: Keys
) -> None:
    issuer.offer(keys)
    token = keys.token("anna")
    assert await subject(verifier, token) == "anna"
    issuer.offer(next_keys)
    clock.seconds += MAX_AGE + 1

    assert await refused(verifier, token), "also what was found good before"
    issuer.content = b'{"keys": []}'
    clock.seconds += MAX_AGE + 1
    assert await refused(verifier, next_keys.token("anna"))


NONSENSE = {"no JSON": b"<html>", "no set": b"[]", "too large": b" " * (LARGEST_SET + 1)}


@pytest.mark.parametrize("nonsense", [*NONSENSE.values(), None], ids=[*NONSENSE, "an error"])
async def test_an_issuer_that_is_away_stops_nobody_whose_key_is_known(
    issuer: Issuer, verifier: Verifier, clock: Clock, keys: Keys, nonsense: bytes | None
) -> None:
    issuer.offer(keys)
    await subject(verifier, keys.token("anna"))
    good, issuer.content = issuer.content, nonsense or b""
    issuer.status = 200 if nonsense else 500
    clock.seconds += MAX_AGE + 1

    assert await subject(verifier, keys.token("bo")) == "bo"
    assert await subject(verifier, keys.token("cai")) == "cai"
    assert issuer.asked == 2, "it is left alone for a while"
    issuer.content, issuer.status = good, 200
    clock.seconds += RETRY_SECONDS + 1
    assert await subject(verifier, keys.token("dea")) == "dea"
    assert issuer.asked == 3


async def test_an_issuer_that_never_answered_is_said_to_be_away_until_it_is_there(
    issuer: Issuer, verifier: Verifier, clock: Clock, keys: Keys
) -> None:
    issuer.status = 503
    with pytest.raises(KeysAway):
        await subject(verifier, keys.token("anna"))
    with pytest.raises(KeysAway):
        await subject(verifier, keys.token("anna"))
    assert issuer.asked == 1

    issuer.status = 200
    issuer.offer(keys)
    clock.seconds += 2
    assert await subject(verifier, keys.token("anna")) == "anna"


async def test_nobody_listens_where_the_keys_should_be(keys: Keys) -> None:
    verifier = Verifier(KeySet(f"http://127.0.0.1:{free_port()}/", MAX_AGE), "sluse", "sluse")

    with pytest.raises(KeysAway):
        await subject(verifier, keys.token("anna"))


async def test_a_file_of_keys_that_is_replaced_is_read_again(
    tmp_path: Path, clock: Clock, keys: Keys, next_keys: Keys
) -> None:
    file = tmp_path / JWKS
    verifier = Verifier(KeySet(str(file), MAX_AGE, clock), "sluse", "sluse")
    with pytest.raises(KeysAway):
        await subject(verifier, keys.token("anna"))

    clock.seconds += 2
    file.write_bytes(keys.jwks.read_bytes())
    assert await subject(verifier, keys.token("anna")) == "anna"
    file.write_bytes(next_keys.jwks.read_bytes())
    clock.seconds += RETRY_SECONDS + 1
    assert await subject(verifier, next_keys.token("anna")) == "anna"


async def test_the_keys_may_be_given_themselves(keys: Keys) -> None:
    verifier = Verifier(KeySet(keys.jwks.read_text(), MAX_AGE), "sluse", "sluse")

    assert await subject(verifier, keys.token("anna")) == "anna"
