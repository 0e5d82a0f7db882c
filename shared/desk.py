"""The desk of one service: whatever comes through a door leaves as a reply."""

import time
from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any

import msgspec
import structlog

from shared.bus import ServerTooOld
from shared.command import Command, Problem, Reply, decode_command, refused
from shared.correction.commands import COMMANDS, CorrectionCommand, without_data
from shared.correction.deciding import Correcting
from shared.decision import Work
from shared.errors import InvalidField, Refused, SluseError, Unanswered, UnknownField
from shared.handling import AnyHandling, Context, Handler
from shared.identifiers import refuse_identity
from shared.subjects import subject_of

log = structlog.get_logger()


class Desk:
    """Takes a command's body and always answers; nothing raised inside goes out."""

    def __init__(
        self, service: str, handler: Handler, handlings: Mapping[type[Command], AnyHandling]
    ) -> None:
        """`handlings`: how each command of the service's own is carried out."""
        self.service = service
        can_correct = any(handling.correctable for handling in handlings.values())
        self.commands = (*handlings, *COMMANDS) if can_correct else tuple(handlings)
        self._handler = handler
        self._handlings = handlings
        self._correcting = {
            handling.name: Correcting(handling, handler.issued)
            for handling in handlings.values()
            if handling.correctable
        }
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(reduce(or_, self.commands))

    async def answer(self, body: bytes, context: Context) -> Reply:
        """Decode, carry out, answer: what a door calls."""
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(service=self.service)
        if context.correlation_id:
            structlog.contextvars.bind_contextvars(correlation_id=context.correlation_id)
        try:
            command = decode_command(self._decoder, body)
            refuse_identity(without_data(command))  # before an id of its can reach the log
        except Refused as error:
            log.info("refused", code=error.code, path=_path(error))
            return refused(error)
        return await self.take(command, context)

    async def take(self, command: Command, context: Context) -> Reply:
        """Carry out a command of this service, and always answer: what a reaction calls."""
        began = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(
            service=self.service,
            command=type(command).__name__,
            command_id=command.command_id,
            correlation_id=context.correlation_id or command.command_id,
        )
        try:
            reply = await self._carry_out(command, context)
            log.info("accepted", seconds=_since(began), events=len(reply.events or ()))
        except Refused as error:
            log.info("refused", code=error.code, path=_path(error), seconds=_since(began))
            reply = refused(error)
        except (Unanswered, ServerTooOld) as error:
            log.warning("unanswered", code=error.code, seconds=_since(began))
            reply = refused(error)
        except SluseError as error:
            log.error("failed", code=error.code, seconds=_since(began))
            reply = Reply(ok=False, error=Problem(error.code, "the bus refused; see the log"))
        except Exception as error:  # a door must answer, whatever it is
            log.exception("failed", error=type(error).__name__)
            reply = Reply(ok=False, error=Problem("INTERNAL", "a defect; see the log"))
        return reply

    async def _carry_out(self, command: Command, context: Context) -> Reply:
        work = self._work(command)
        structlog.contextvars.bind_contextvars(
            entity=subject_of(self.service, work.name, work.entity_id(command))
        )
        return await self._handler.handle(work, command, context)

    def _work(self, command: Command) -> Work[Any]:
        if not isinstance(command, CorrectionCommand):
            return self._handlings[type(command)]
        service, entity, _ = command.subject.split(".")
        if service != self.service or entity not in self._correcting:
            raise InvalidField("$.subject", f"{self.service} has no such entities to correct")
        return self._correcting[entity]


def _path(error: Refused) -> str:
    """What a log may say of a refusal beside its code; never the message, which quotes the caller.

    Below `$.data` of a correction stand names of the caller's making.
    """
    if isinstance(error, UnknownField):
        return ""
    return "$.data" if error.path.startswith(("$.data.", "$.data[")) else error.path


def _since(began: float) -> float:
    return round(time.perf_counter() - began, 4)
