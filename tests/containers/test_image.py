"""The image: small, nobody's root, with nothing to build or install by, and able to do its work."""

import json
import tomllib

import pytest

from tests.containers.compose import ROOT, docker

pytestmark = pytest.mark.slow

BASE = "python:3.13-slim"
MOST_OVER_BASE = 200_000_000
LOCKED_DOWN = ("--rm", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--network", "none")


def run(image, *command):
    result = docker("run", *LOCKED_DOWN, image, *command)
    assert result.status == 0, result.out + result.said
    return result.out.strip()


def size(image):
    return int(docker("image", "inspect", "--format", "{{.Size}}", image).out)


def test_it_is_at_most_200_mb_over_its_base(image):
    over = size(image) - size(BASE)
    print(f"{over / 1e6:.1f} MB over {BASE}")
    assert 0 < over < MOST_OVER_BASE


def test_it_runs_as_a_numeric_user_that_is_not_root(image):
    user = docker("image", "inspect", "--format", "{{.Config.User}}", image).out.strip()
    assert user == "10001:10001"
    assert run(image, "id", "-u") == "10001"


@pytest.mark.parametrize("tool", ["pip", "gcc", "cc", "ld", "strip", "make", "uv", "git"])
def test_nothing_to_build_or_install_by_is_in_it(image, tool):
    found = docker("run", *LOCKED_DOWN, image, "sh", "-c", f"command -v {tool}")
    assert found.status != 0, found.out


@pytest.mark.parametrize("module", ["pip", "ensurepip", "setuptools", "pytest", "nats_server"])
def test_no_module_of_the_kind_either(image, module):
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    assert docker("run", *LOCKED_DOWN, image, "python", "-c", code).status == 1


def test_survival_is_computed_by_what_is_left_of_its_library(image):
    # the table of tests/measures/test_survival.py
    code = """
import json
from services.reporting.measures.survival import Observation, median_days, surviving
seven = [Observation(day, True) for day in (1, 3, 3, 6)]
seven += [Observation(day, False) for day in (3, 5, 8)]
at = surviving(seven, 3)
print(json.dumps([at.value, at.interval.low, at.interval.high, median_days(seven).value]))
"""
    value, low, high, median = json.loads(run(image, "python", "-W", "error", "-c", code))
    assert value == pytest.approx(4 / 7, abs=1e-9)
    assert (low, high) == pytest.approx((0.171866, 0.837083), abs=1e-5)
    assert median == 6


def test_what_every_start_imports_lies_there_as_bytecode(image):
    code = """
import os, sys
import services.aftercare.app, services.intake.app, services.placement.app, services.reporting.app
import shared.command_server, sluse.__main__
cached = {getattr(module, "__cached__", None) for module in list(sys.modules.values())}
print([path for path in cached if path and not os.path.exists(path)])
"""
    assert run(image, "python", "-c", code) == "[]"


def test_traces_can_be_sent(image):
    code = "import opentelemetry.sdk.trace, opentelemetry.exporter.otlp.proto.http.trace_exporter"
    run(image, "python", "-W", "error", "-c", code)


def test_the_operators_command_is_there_under_its_name(image):
    assert run(image, "sluse", "--help").startswith("Usage: sluse ")


def test_it_knows_its_version(image):
    code = "import importlib.metadata; print(importlib.metadata.version('sluse'))"
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert run(image, "python", "-c", code) == declared


def test_the_zones_of_the_world_are_known(image):
    code = "import zoneinfo; print(zoneinfo.ZoneInfo('Europe/Copenhagen'))"
    assert run(image, "python", "-c", code) == "Europe/Copenhagen"


def test_no_secret_and_no_history_is_in_it(image):
    names = run(image, "find", "/app", "/opt", "-name", "*.pem", "-o", "-name", "*.ndjson")
    assert set(names.split()) <= {"/opt/venv/lib/python3.13/site-packages/certifi/cacert.pem"}
