"""Running systems of containers, one of each kind for the whole session."""

from collections.abc import Iterator

import pytest

from tests.containers.compose import Compose, built

PUBLISHED = "tests/containers/compose.published.yaml"


@pytest.fixture(scope="session")
def image() -> str:
    """The product's image."""
    return built("sluse:test")


@pytest.fixture(scope="session")
def system(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """compose.yaml, all of it healthy; whoever breaks it mends it with `up` at the end."""
    yield from _running(Compose("one", image, tmp_path_factory.mktemp("system"), PUBLISHED))


@pytest.fixture(scope="session")
def cluster(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """compose.cluster.yaml: three NATS servers, two replicas of each command service."""
    files = ("compose.cluster.yaml", PUBLISHED)
    yield from _running(Compose("three", image, tmp_path_factory.mktemp("cluster"), *files))


def _running(system: Compose) -> Iterator[Compose]:
    try:
        system.up()
        yield system
    except BaseException:
        print(system.logs()[-20_000:])
        raise
    finally:
        system.down()
