"""One command service as a process: its HTTP door beside the one on the bus."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from litestar import Litestar, get
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp

from shared.access.gate import Gate, gate_of
from shared.access.routes import PUBLIC, gatekeepers, guard, refuse_undeclared
from shared.command_schema import Json, described, with_commands
from shared.desk import Desk
from shared.errors import SluseError
from shared.http_door import Counted, command_route, on_defect, on_error, on_http_error
from shared.life import Life
from shared.service_process import serve_service
from shared.settings import Settings


async def serve_commands(
    running: Callable[[Settings, Life], AbstractAsyncContextManager[Desk]], settings: Settings
) -> None:
    """Run the service and serve POST /<service>/commands until a signal comes."""

    @asynccontextmanager
    async def opening(life: Life) -> AsyncIterator[ASGIApp]:
        async with running(settings, life) as desk:
            yield app_of(desk, gate_of(settings))

    await serve_service(opening, settings)


def app_of(desk: Desk, gate: Gate) -> Litestar:
    """The service's HTTP door and its schema."""

    @get("/schema", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
    def schema() -> Json:
        info = {"title": f"sluse {desk.service}", "version": "1"}
        document: Json = {"openapi": "3.1.0", "info": info}
        return with_commands(document, {desk.service: described(desk.commands)})

    app = Litestar(
        [command_route(desk.service, desk.answer), schema],
        openapi_config=None,
        logging_config=None,
        guards=[guard],
        middleware=[Counted(desk.service), *gatekeepers(gate)],
        exception_handlers={
            HTTPException: on_http_error,
            SluseError: on_error,
            Exception: on_defect,
        },
    )
    return refuse_undeclared(app)
