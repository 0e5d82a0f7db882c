"""One command service as a process: its HTTP door beside the one on the bus, and its health."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from litestar import Litestar, get
from litestar.exceptions import HTTPException

from shared.command_schema import Json, described, with_commands
from shared.desk import Desk
from shared.errors import SluseError
from shared.http_door import command_route, on_defect, on_error, on_http_error
from shared.http_server import bound, serve
from shared.settings import Settings


async def serve_commands(
    running: Callable[[Settings], AbstractAsyncContextManager[Desk]], settings: Settings
) -> None:
    """Run the service and serve POST /<service>/commands until a signal comes."""
    listening = bound(settings.http_host, settings.http_port)
    async with running(settings) as desk:
        await serve(app_of(desk), listening)


def app_of(desk: Desk) -> Litestar:
    """The service's HTTP door, its schema and its health."""

    @get("/health/live", include_in_schema=False, sync_to_thread=False)
    def live() -> dict[str, bool]:
        return {"ok": True}

    @get("/schema", include_in_schema=False, sync_to_thread=False)
    def schema() -> Json:
        info = {"title": f"sluse {desk.service}", "version": "1"}
        document: Json = {"openapi": "3.1.0", "info": info}
        return with_commands(document, {desk.service: described(desk.commands)})

    return Litestar(
        [command_route(desk.service, desk.answer), live, schema],
        openapi_config=None,
        logging_config=None,
        exception_handlers={
            HTTPException: on_http_error,
            SluseError: on_error,
            Exception: on_defect,
        },
    )
