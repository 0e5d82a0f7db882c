"""A file as rows of text: CSV as Danish spreadsheets write it, or XLSX."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from msgspec import Struct
from python_calamine import CalamineError, CalamineWorkbook

from shared.clock import now
from shared.errors import SluseError
from sluse.importing.mapping import Map

DELIMITERS = ";,\t"


class BadFile(SluseError):
    """A file that is no table, or not one of this kind."""

    code = "BAD_FILE"


class Row(Struct, frozen=True):
    """One row under the header; `number` as a spreadsheet counts it."""

    number: int
    cells: tuple[str, ...]


class Table(Struct, frozen=True):
    """The header, and all rows that say anything; `saved_at` is the file's own date, at most now."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    saved_at: datetime


def read(file: Path, way: Map) -> Table:
    """The file's table; its first row is the header."""
    try:
        content = file.read_bytes()
        saved_at = datetime.fromtimestamp(int(min(file.stat().st_mtime, now().timestamp())), UTC)
    except OSError as error:
        raise BadFile(f"{file}: {error.strerror}") from None
    is_workbook = content.startswith(b"PK")
    lines = list(_workbook(file, content, way) if is_workbook else _csv(file, content, way))
    header = tuple(cell.strip() for cell in lines[0]) if lines else ()
    if not any(header):
        raise BadFile(f"{file}: the first row names no column")
    return Table(header, tuple(_rows(lines[1:], len(header))), saved_at)


def _rows(lines: Sequence[Sequence[str]], width: int) -> Iterator[Row]:
    for number, line in enumerate(lines, start=2):
        cells = tuple(cell.strip() for cell in line)
        if any(cells):
            yield Row(number, (cells + ("",) * width)[: max(width, len(cells))])


def _csv(file: Path, content: bytes, way: Map) -> Iterator[list[str]]:
    text = _decoded(file, content, way.encoding)
    first = text.split("\n", maxsplit=1)[0]
    delimiter = way.delimiter or max(DELIMITERS, key=first.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except (csv.Error, TypeError) as error:
        raise BadFile(f"{file}: no CSV with {delimiter!r} between the cells: {error}") from None


def _decoded(file: Path, content: bytes, encoding: str | None) -> str:
    """Windows-1252 is what is no UTF-8: its letters alone are hardly ever that by chance."""
    for name in (encoding,) if encoding else ("utf-8-sig", "cp1252"):
        try:
            return content.decode(name)
        except UnicodeDecodeError:
            continue
        except LookupError:
            raise BadFile(f"{file}: there is no encoding {name!r}") from None
    raise BadFile(
        f"{file}: not in {encoding or 'UTF-8 or Windows-1252'}: say `encoding` in the map"
    )


def _workbook(file: Path, content: bytes, way: Map) -> Iterator[list[str]]:
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = workbook.sheet_names
        if way.sheet is not None and way.sheet not in names:
            raise BadFile(f"{file}: no sheet {way.sheet!r}; there is: {', '.join(names)}")
        sheet = workbook.get_sheet_by_name(way.sheet or names[0])
        for line in sheet.to_python(skip_empty_area=False):
            yield [_written(cell, way.decimal) for cell in line]
    except CalamineError as error:
        raise BadFile(f"{file}: no workbook that can be read: {error}") from None


def _written(cell: object, decimal: str) -> str:
    """As it would stand in a CSV file; days as 2022-04-27."""
    match cell:
        case bool():
            return "ja" if cell else "nej"
        case float():
            return f"{cell:.10f}".rstrip("0").rstrip(".").replace(".", decimal)
        case datetime() if cell.time() == time.min:
            return cell.date().isoformat()
        case timedelta():
            minutes = round(cell.total_seconds() / 60)
            return f"{minutes // 60}:{minutes % 60:02}"
        case time():
            return f"{cell:%H:%M}"
        case datetime() | date():
            return cell.isoformat()
        case _:
            return str(cell)
