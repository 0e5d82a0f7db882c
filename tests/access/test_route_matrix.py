"""Every role × every route × one's own and another's programme: exactly the allowed ones pass."""

from typing import Any

import msgspec
import pytest
from litestar import Litestar, get
from msgspec import Struct

from shared.access.roles import Role
from shared.access.routes import UndeclaredRoute, declared, refuse_undeclared
from tests.access.system import OTHER, OWN, Casework, System
from tests.tokens import bearer

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

CASEWORK = {"caseworker", "coordinator"}
FIGURES = CASEWORK | {"reader"}
KNOWN = FIGURES | {"operator"}
IN = "in the programme"
ANY = "in any programme"
LIST = "a list of one's own"


class Row(Struct, frozen=True):
    """Who may ask, and whether it takes the role for what is asked about."""

    roles: set[str]
    of: str
    parameters: dict[str, str] = {}


ROUTES: dict[str, Row] = {
    "/api/programmes": Row(KNOWN, LIST),
    "/api/programmes/{key}/goals": Row(FIGURES, IN),
    "/api/programmes/{key}/partition": Row(FIGURES, IN),
    "/api/programmes/{key}/measures": Row(FIGURES, IN),
    "/api/programmes/{key}/findings": Row(CASEWORK, IN),
    "/api/programmes/{key}/changes": Row(CASEWORK, IN, {"since": "{moment}"}),
    "/api/reports": Row(FIGURES, LIST),
    "/api/reports/{report}": Row(FIGURES, IN),
    "/api/reports/{report}/changes": Row(CASEWORK, IN),
    "/api/people/{person_ref}/timeline": Row(CASEWORK, IN),
    "/api/enrolments/{enrolment}/openings": Row(CASEWORK, IN),
    "/api/wait": Row(KNOWN, ANY, {"service": "intake", "position": "1"}),
    "/api/status": Row({"operator"}, ANY),
}
PUBLIC = {"/schema", "/schema/ui", "/health/live", "/health/ready"}
COMMANDS = {
    f"/{it}/commands" for it in ("intake", "placement", "aftercare", "reports", "operations")
}
PEOPLE = ("counted", "people", "subjects", "evidence")


def path_of(route: str, casework: Casework) -> str:
    return route.format(key=casework.programme, **msgspec.structs.asdict(casework))


async def asked(
    system: System, route: str, casework: Casework, token: str, **more: str
) -> tuple[int, Any]:
    """The status and the body of an answer."""
    parameters = {n: path_of(it, casework) for n, it in ROUTES[route].parameters.items()}
    response = await system.front.get(
        path_of(route, casework),
        params=parameters | more,
        headers=bearer(token) if token else {},
    )
    return response.status_code, response.json()


async def test_every_route_has_a_row(system: System) -> None:
    routes = {path.replace(":str", "") for path, _ in declared(system.app)}
    documented = (await system.front.get("/schema")).json()["paths"].keys()

    ui = {path for path in routes if path.startswith("/schema/ui")}
    assert routes - ui - PUBLIC == ROUTES.keys() | COMMANDS
    assert documented == ROUTES.keys() | COMMANDS


async def test_exactly_the_allowed_questions_are_answered(system: System) -> None:
    own = system.casework[OWN].programme
    wrong = []
    for role in Role:
        for held in (own, "*"):
            token = system.keys.token(f"{role}-1", **{role: [held]})
            for route, row in ROUTES.items():
                for name in (OWN, OTHER):
                    casework = system.casework[name]
                    status, body = await asked(system, route, casework, token)
                    may = role in row.roles
                    if row.of == IN:
                        may = may and held in (casework.programme, "*")
                    if (status, body.get("error", {}).get("code") if status == 403 else "") != (
                        (200, "") if may else (403, "FORBIDDEN")
                    ):
                        wrong.append((role, held, route, name, status))
    assert wrong == []


async def test_without_a_good_token_no_question_is_answered(system: System) -> None:
    for route in ROUTES:
        for token in ("", "no.such.token"):
            status, body = await asked(system, route, system.casework[OWN], token)
            assert (status, body["error"]["code"]) == (401, "UNAUTHENTICATED"), route
    for path in PUBLIC:
        assert (await system.front.get(path)).status_code == 200, path


async def test_without_a_role_no_question_is_answered(system: System) -> None:
    token = system.keys.token("nobody")
    for route in ROUTES:
        status, body = await asked(system, route, system.casework[OWN], token)
        assert (status, body["error"]["code"]) == (403, "FORBIDDEN"), route


async def test_lists_hold_the_programmes_of_the_asker(system: System) -> None:
    own, other = system.casework[OWN], system.casework[OTHER]
    reader = system.keys.token("rie", reader=[own.programme])
    everywhere = system.keys.token("rie", reader=["*"])

    _, programmes = await asked(system, "/api/programmes", own, reader)
    assert [it["key"] for it in programmes] == [own.programme]
    _, programmes = await asked(system, "/api/programmes", own, everywhere)
    assert {own.programme, other.programme} <= {it["key"] for it in programmes}
    _, reports = await asked(system, "/api/reports", own, reader)
    assert {it["programme"] for it in reports} == {own.programme}
    status, body = await asked(system, "/api/reports", own, reader, programme=other.programme)
    assert (status, body["error"]["path"]) == (403, "programme")


async def test_a_reader_sees_the_figures_and_nobody_in_them(system: System) -> None:
    own = system.casework[OWN]
    reader = system.keys.token("rie", reader=[own.programme])
    both = system.keys.token("rie", reader=["*"], caseworker=[own.programme])
    for route in ("goals", "partition", "measures"):
        path = f"/api/programmes/{{key}}/{route}"
        _, figures = await asked(system, path, own, reader)
        _, whole = await asked(system, path, own, both)
        assert own.person_ref in str(whole), "it would be seen"
        told = str(figures)
        for reference in (own.person_ref, own.enrolment, own.placement, own.plan, own.problem):
            assert reference not in told, route
        assert _figures(figures) == _figures(whole)
    status, report = await asked(system, "/api/reports/{report}", own, reader)
    assert status == 200
    assert own.person_ref not in str(report)


def _figures(answer: Any) -> Any:
    """The answer without whom it is about."""
    match answer:
        case dict():
            return {name: _figures(it) for name, it in answer.items() if name not in PEOPLE}
        case list():
            return [_figures(it) for it in answer]
        case _:
            return answer


async def test_a_route_that_says_nothing_of_who_may_ask_is_a_defect() -> None:
    @get("/api/secrets", sync_to_thread=False)
    def secrets() -> str:
        return "all of them"

    with pytest.raises(UndeclaredRoute):
        refuse_undeclared(Litestar([secrets]))
