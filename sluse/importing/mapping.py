"""How the columns of a municipality's file say our fields: a small TOML over the default of its kind."""

import tomllib
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace

from shared.command import invalid_field
from shared.errors import InvalidField, SluseError
from shared.identifiers import Code
from sluse.importing.kinds import Kind

DIRECTORY = Path(__file__).with_name("maps")


class BadMap(SluseError):
    """A map that cannot be used, and why."""

    code = "BAD_MAP"


class Map(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`columns`: field to the column's names, any of which may head it; `values`: field to what its
    cells say in our codes; `defaults`: what an empty cell, or no column, means.

    `source`: the system that the case numbers are of. `ignore`: columns that nobody looks into.
    `date_formats`: of dd, mm, yyyy; a day like 2022-04-27 is always understood.
    """

    source: Code = "municipality"
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    decimal: str = ","
    date_formats: tuple[str, ...] = ("dd-mm-yyyy", "dd/mm/yyyy", "dd.mm.yyyy")
    columns: dict[str, str | list[str]] = {}
    values: dict[str, dict[str, str]] = {}
    defaults: dict[str, str] = {}
    ignore: tuple[str, ...] = ()

    def names(self, field: str) -> list[str]:
        """What the field's column may be called; at least as the field itself."""
        given = self.columns.get(field, [])
        return [field, *([given] if isinstance(given, str) else given)]

    def translated(self, field: str, text: str) -> str:
        """The code that a cell's text stands for; the text itself if nothing is said of it."""
        return self.values.get(field, {}).get(text.casefold(), text)


def read(kind: Kind, file: Path | None) -> Map:
    """The default map of the kind, with what the file says in place of it."""
    default = _decoded(DIRECTORY / f"{kind.name}.toml")
    if file is None:
        return default
    own = _decoded(file)
    if unknown := sorted({*own.columns, *own.values, *own.defaults} - {*kind.forms}):
        raise BadMap(f"{file}: {kind.name} have no {', '.join(unknown)}")
    given = {name: value for name, value in asdict(own).items() if value != getattr(Map(), name)}
    for table in ("columns", "defaults"):
        given[table] = getattr(default, table) | getattr(own, table)
    given["values"] = {
        field: default.values.get(field, {}) | own.values.get(field, {})
        for field in {*default.values, *own.values}
    }
    given["ignore"] = (*default.ignore, *own.ignore)
    return replace(default, **given)


def _decoded(file: Path) -> Map:
    try:
        way = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Map)
    except OSError as error:
        raise BadMap(f"{file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadMap(f"{file}: {error}") from None
    except msgspec.ValidationError as error:
        refusal: InvalidField = invalid_field(error)
        raise BadMap(f"{file}: {refusal.path}: {refusal.message}") from None
    folded = {field: _casefolded(codes) for field, codes in way.values.items()}
    return replace(way, values=folded)


def _casefolded(codes: dict[str, str]) -> dict[str, str]:
    return {name.casefold(): code for name, code in codes.items()}
