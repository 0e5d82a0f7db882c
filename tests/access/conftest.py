"""Keys of a test's own, and a system whose doors ask for their tokens."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.access.system import System, recorded
from tests.contracts.conftest import Nats, alone, settings_for  # noqa: F401 - a fixture
from tests.tokens import Keys


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys") / "own")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system(
    alone: Nats,  # noqa: F811 - the fixture
    tmp_path_factory: pytest.TempPathFactory,
    keys: Keys,
) -> AsyncIterator[System]:
    """All services, with casework in two programmes; one for the tests of a module."""
    settings = settings_for(alone.url, tmp_path_factory.mktemp("system"))
    async with recorded(settings, keys) as running:
        yield running
