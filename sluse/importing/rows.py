"""A row as the fields of its kind, and those as commands."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from shared.command import Command, Problem, decode_command
from shared.errors import InvalidField, PiiInEvent, Refused
from shared.identifiers import derived_id, looks_like_cpr
from sluse.importing.forms import Writing, codes, digits
from sluse.importing.kinds import DECODER, Kind, Step
from sluse.importing.mapping import Map
from sluse.importing.table import BadFile, Row, Table

MANY = 10
"""One key in so many that looks like a CPR number is chance; more are a column of them."""

Values: TypeAlias = Mapping[str, Any]

_deterministic = msgspec.json.Encoder(order="sorted")


class PersonalKeys(Refused):
    """A hash of a CPR number can be turned back by trying all of them: no id is made of one."""

    code = "PII_IN_EVENT"

    def __init__(self, column: str) -> None:
        super().__init__(
            f"the column {column!r} holds what looks like CPR numbers: no key for rows"
        )


class Wrong(Refused):
    """A row that is refused: `field` is the row's own, where one is to blame."""

    def __init__(self, problem: Problem, field: str) -> None:
        super().__init__(problem.message, problem.path)
        self.problem = problem
        self.field = field


class Sheet(Struct, frozen=True, kw_only=True):
    """A file of a kind, and how it is read; `columns`: field to the column that says it.

    `programme`: of rows that name none.
    """

    kind: Kind
    way: Map
    table: Table
    columns: Mapping[str, int]
    ignored: frozenset[int]
    programme: str | None

    def heading(self, field: str) -> str:
        """What the file calls the field; empty if it has no such column."""
        return self.table.header[self.columns[field]] if field in self.columns else ""


def sheet(kind: Kind, way: Map, table: Table, programme: str | None) -> Sheet:
    """Find the columns; refuses a file of which none is known, and CPR numbers as keys."""
    columns = {field: at for field in kind.forms if (at := _column(field, way, table)) is not None}
    if not columns:
        # not which: without a header these are somebody's data
        raise BadFile(f"none of the {len(table.header)} columns is one of {kind.name}")
    unread = {name.casefold() for name in way.ignore}
    free = {at for at, name in enumerate(table.header) if name.casefold() in unread}
    if kind.key in columns:
        _refuse_personal_keys(table, columns[kind.key])
    return Sheet(
        kind=kind,
        way=way,
        table=table,
        columns=columns,
        ignored=frozenset(free - {*columns.values()}),
        programme=programme,
    )


def _column(field: str, way: Map, table: Table) -> int | None:
    names = {name.casefold() for name in way.names(field)}
    found = [at for at, heading in enumerate(table.header) if heading.casefold() in names]
    if len(found) > 1:
        raise BadFile(f"{field}: {' and '.join(table.header[at] for at in found)} both say it")
    return found[0] if found else None


def _refuse_personal_keys(table: Table, column: int) -> None:
    keys = [row.cells[column] for row in table.rows if row.cells[column]]
    if MANY * sum(map(looks_like_cpr, keys)) > len(keys):
        raise PersonalKeys(table.header[column])


def values(sheet: Sheet, row: Row) -> Values:
    """What the row says, field by field, in the shapes that commands have."""
    _refuse_personal(sheet, row)
    way = sheet.way
    writing = Writing(date_formats=way.date_formats, decimal=way.decimal)
    defaults = way.defaults | ({"programme": sheet.programme} if sheet.programme else {})
    said: dict[str, Any] = {}
    for field, form in sheet.kind.forms.items():
        cell = row.cells[sheet.columns[field]] if field in sheet.columns else ""
        if not (cell := cell or defaults.get(field, "")):
            continue
        try:
            if form is codes:
                said[field] = [way.translated(field, code) for code in codes(cell, writing)]
            else:
                said[field] = form(way.translated(field, cell), writing)
        except ValueError as error:
            raise wrong(InvalidField(f"$.{field}", str(error))) from None
    return said


def _refuse_personal(sheet: Sheet, row: Row) -> None:
    """No CPR number, also in a column that nobody asked for; numbers of companies are no people's."""
    if len(row.cells) > len(sheet.table.header):
        raise wrong(InvalidField("$", "more cells than the header has"))
    fields = {at: field for field, at in sheet.columns.items()}
    for at, cell in enumerate(row.cells):
        field = fields.get(at, "")
        is_company = sheet.kind.forms.get(field) is digits
        if at not in sheet.ignored and not is_company and looks_like_cpr(cell):
            error = PiiInEvent(f"$.{field}" if field else "", "a CPR number")
            raise Wrong(problem_of(error), field or sheet.table.header[at])


def commands(sheet: Sheet, said: Values, ids: Mapping[str, str]) -> Sequence[tuple[Step, Command]]:
    """All that the row comes to, in order.

    A command's id is made of what it says, the file's own date left out: the same row is the same
    command in whichever file it comes again, and a row that was changed is another one.
    """
    known = {**said, **ids}
    asked = [step for step in sheet.kind.steps if step.when is None or step.when in said]
    return [(step, _command(sheet, step, known)) for step in asked]


def _command(sheet: Sheet, step: Step, known: Values) -> Command:
    content = {
        name: known[step.field(name)]
        for name in step.command.__struct_fields__
        if step.field(name) in known
    }
    content |= {"type": step.command.__name__, "late_reason": "import", "origin": "import"}
    told = _deterministic.encode(content).decode()
    command_id = derived_id("import", sheet.way.source, sheet.kind.name, told)
    body = {"registered_at": sheet.table.saved_at, **content, "command_id": command_id}
    try:
        return decode_command(DECODER, msgspec.json.encode(body))
    except Refused as error:
        raise wrong(error, step) from None


def problem_of(error: Refused) -> Problem:
    """A refusal as a service answers it."""
    return Problem(error.code, error.message, error.path)


def wrong(refusal: Refused | Problem, step: Step | None = None) -> Wrong:
    """The refusal of a row, or of the command of a step, by the row's own field."""
    problem = problem_of(refusal) if isinstance(refusal, Refused) else refusal
    name = re.split(r"[.\[]", problem.path.removeprefix("$").removeprefix("."))[0]
    return Wrong(problem, step.field(name) if step else name)
