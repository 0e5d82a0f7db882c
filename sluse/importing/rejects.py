"""The rejected rows as a file: why, and what stood there, less what tells who somebody is."""

import csv
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from shared.errors import PiiInEvent
from shared.identifiers import EntityId, refuse_identity
from sluse.importing.rows import Sheet, Wrong
from sluse.importing.table import BadFile, Row

HIDDEN = "…"


class Reject(Struct, frozen=True):
    """One row and its refusal; `field` is the row's own."""

    row: Row
    code: str
    path: str
    field: str
    reason: str


class _Free(Struct):
    text: str


class _Shaped(Struct):
    """An id, a day, a number: eight digits are no phone number there."""

    text: EntityId


def rejected(sheet: Sheet, row: Row, error: Wrong) -> Reject:
    """What the file says of it."""
    problem = error.problem
    return Reject(row, problem.code, problem.path, error.field, problem.message)


def write(file: Path, sheet: Sheet, bad: Sequence[Reject]) -> None:
    """A CSV that Danish spreadsheets open, over whatever an earlier import left there."""
    try:
        opened = file.open("w", encoding="utf-8-sig", newline="")
    except OSError as error:
        raise BadFile(f"{file}: {error.strerror}") from None
    fields = {at: field for field, at in sheet.columns.items()}
    with opened:
        writer = csv.writer(opened, delimiter=";")
        header = (_shown(heading, sheet, None) for heading in sheet.table.header)
        writer.writerow(["row", "code", "path", "column", "reason", *header])
        for it in bad:
            column = sheet.heading(it.field) or it.field
            cells = [
                HIDDEN if at in sheet.ignored else _shown(cell, sheet, fields.get(at))
                for at, cell in enumerate(it.row.cells)
            ]
            reason = _shown(it.reason, sheet, None)
            writer.writerow([it.row.number, it.code, it.path, column, reason, *cells])


def _shown(cell: str, sheet: Sheet, field: str | None) -> str:
    """The cell, unless it looks like a person's number, phone or address; a company's is public."""
    if field in ("cvr", "p_number"):
        return cell
    is_free = field in (None, "name")
    try:
        refuse_identity(_Free(cell) if is_free else _Shaped(cell))
    except PiiInEvent:
        return HIDDEN
    return cell
