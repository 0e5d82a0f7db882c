"""A caller of the front door who does as the answers say: 429 and 503 are sent again."""

import json
import re
import time
from pathlib import Path
from typing import Any

import httpx

from sluse.sending import services

DEMOS = Path(__file__).parent.parent.parent / "programmes" / "demo"
TRIES = 60
SEND_AGAIN = (429, 503)


class FrontDoor:
    """One caller with one token."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=30)

    def __enter__(self) -> "FrontDoor":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def send(self, command: dict[str, Any]) -> Any:
        """The answer to a command, sent again while it is not known."""
        return self._answered("POST", f"/{taken_by(command)}/commands", json=command)

    def ask(self, path: str, **query: str) -> Any:
        """The answer to a question."""
        return self._answered("GET", path, params=query)

    def _answered(self, method: str, path: str, **content: Any) -> Any:
        for _ in range(TRIES):
            answer = self._client.request(method, path, **content)
            if answer.status_code not in SEND_AGAIN:
                break
            time.sleep(float(answer.headers["Retry-After"]))
        assert answer.status_code == 200, answer.text
        return answer.json()


def taken_by(command: dict[str, Any]) -> str:
    """The service that takes a command."""
    return services()[command["type"]]


def history(key: str, people: int) -> list[dict[str, Any]]:
    """The commands of a programme's demo: all of its companies, the first of its people."""
    lines = (DEMOS / f"{key}.ndjson").read_text().splitlines()
    commands: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return [it for it in commands if _person(it["command_id"]) <= people]


def _person(command_id: str) -> int:
    found = re.search(r"person-(\d+)", command_id)
    return int(found[1]) if found else 0
