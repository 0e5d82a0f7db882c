"""The accounts: sluse's own, the system's, and one for each foreign system, a file each."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.bus_login import INBOX
from shared.errors import InvalidField
from sluse.nats_configuration import passwords
from sluse.nats_configuration.files import replace_file
from sluse.nats_configuration.rights import (
    API,
    SYSTEM,
    Rights,
    acknowledging,
    own_account,
)

DIRECTORY = "accounts"
LIST = "accounts.conf"
WRITTEN = "# Written by sluse: it is written anew as a whole, so change nothing here.\n"
OWN = "SLUSE"
SYS = "SYS"
PREFIX = f"{OWN}.API"
"""What a foreign client gives as the prefix of its JetStream API."""

EXPORTS = [
    {"service": f"{API}.CONSUMER.INFO.*.*"},
    {"service": f"{API}.CONSUMER.MSG.NEXT.*.*", "response_type": "stream"},
    {"service": "$JS.ACK.>"},
]
"""What the own account offers. Only this configuration says what an account imports of it, so an
offer alone gives nobody anything; and an offer that is made by a reload is not always taken up."""

_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,31}")


class Accounts:
    """The files of the accounts, named as they are, in a directory of a server's configuration."""

    def __init__(self, configuration: Path, secrets: Path) -> None:
        self.directory = configuration / DIRECTORY
        self.list = configuration / LIST
        self.secrets = secrets

    def write(self) -> None:
        """Write the own account and the system's, with passwords for whoever has none yet."""
        self.directory.mkdir(parents=True, exist_ok=True)
        users = self._users(OWN, own_account())
        self._save(OWN, {"jetstream": "enabled", "users": users, "exports": EXPORTS})
        self._save(SYS, {"users": self._users(SYS, SYSTEM)})
        self._write_list()

    def add_foreign(self, name: str, stream: str, consumer: str) -> None:
        """An account for a foreign system: one consumer of one stream, and nothing else.

        `name`: the account's and its user's, in capitals as accounts are. The servers let it in
        once they have read their configuration anew.
        """
        if not _NAME.fullmatch(name) or name in (OWN, SYS):
            raise InvalidField("name", "a name of its own: capitals, digits and _")
        calls = [f"{API}.CONSUMER.{call}.{stream}.{consumer}" for call in ("INFO", "MSG.NEXT")]
        acks = acknowledging(stream, consumer)
        rights = Rights(
            publish=(*(call.replace(API, PREFIX) for call in calls), *acks),
            subscribe=(f"{INBOX}.{name}.>",),
        )
        imports = [
            {"service": {"account": OWN, "subject": call}, "to": call.replace(API, PREFIX)}
            for call in calls
        ]
        imports += [{"service": {"account": OWN, "subject": ack}} for ack in acks]
        self._save(name, {"users": self._users(name, {name: rights}), "imports": imports})
        self._write_list()

    def remove_foreign(self, name: str) -> None:
        """Take the account away, and its password."""
        self._file(name).unlink(missing_ok=True)
        passwords.file_of(self.secrets, name).unlink(missing_ok=True)
        self._write_list()

    def _write_list(self) -> None:
        names = sorted(file.name for file in self.directory.glob("*.json"))
        included = "".join(f"  include './{DIRECTORY}/{name}'\n" for name in names)
        replace_file(self.list, f"{WRITTEN}accounts {{\n{included}}}\n")

    def _users(self, account: str, rights: Mapping[str, Rights]) -> list[dict[str, Any]]:
        known = {user["user"]: user["password"] for user in self._load(account).get("users", [])}
        return [
            {
                "user": user,
                "password": passwords.hashed(
                    passwords.made(self.secrets, user), known.get(user, "")
                ),
                "permissions": _permissions(may),
            }
            for user, may in rights.items()
        ]

    def _file(self, account: str) -> Path:
        return self.directory / f"{account}.json"

    def _load(self, account: str) -> dict[str, Any]:
        file = self._file(account)
        if not file.exists():
            return {}
        found: dict[str, Any] = json.loads(file.read_text())[account]
        return found

    def _save(self, account: str, content: Mapping[str, Any]) -> None:
        replace_file(self._file(account), json.dumps({account: content}, indent=1) + "\n")


def _permissions(rights: Rights) -> dict[str, Any]:
    publish: dict[str, Any] = {"allow": rights.publish}
    if rights.never_publish:
        publish["deny"] = rights.never_publish
    permissions: dict[str, Any] = {"publish": publish, "subscribe": {"allow": rights.subscribe}}
    if rights.answers:
        permissions["allow_responses"] = True
    return permissions
