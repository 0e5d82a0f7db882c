"""Which version of sluse runs here."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def own_version() -> str:
    """As the package says; `unknown` where the sources run without being installed."""
    try:
        return version("sluse")
    except PackageNotFoundError:
        return "unknown"
