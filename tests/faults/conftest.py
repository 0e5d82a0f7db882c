"""What the fault tests break: systems of containers (tests/conftest.py) and databases of both kinds."""

from tests.postgres import database, databases, postgres

__all__ = ["database", "databases", "postgres"]
