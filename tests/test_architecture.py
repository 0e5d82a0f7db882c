"""What holds the house together: who may know whom, and how things are called."""

import ast
import inspect
import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from services.aftercare import events as aftercare
from services.intake import events as intake
from services.placement import events as placement
from services.reporting import events as reports

ROOT = Path(__file__).parent.parent
VOCABULARIES = {
    module.VOCABULARY.service: module.VOCABULARY
    for module in (intake, placement, aftercare, reports)
}
SERVICE_OF = {"reports": "reporting"}  # reporting records the reports that it issues
# entities without a module of their own: shared/claim.py decides for them
CLAIMS = {"intake.seat", "intake.alias"}
ENTITIES = sorted(
    f"{SERVICE_OF.get(service, service)}.{entity}"
    for service, vocabulary in VOCABULARIES.items()
    for entity in vocabulary.entities
    if f"{service}.{entity}" not in CLAIMS
)
DECIDER = {"entity_id": 1, "evolve": 2, "permit": 2, "decide": 4, "claims": 3}
"""What an entity module offers, and how many arguments each takes."""

EVENT_TYPES = {
    "ProgrammeOpened",
    "ProgrammeRevised",
    "ProgrammeClosed",
    "ExternalIndicatorRecorded",
    "PersonRegistered",
    "ResidenceChanged",
    "PersonsMerged",
    "PersonMergeReverted",
    "ErasureRequested",
    "ErasureRefused",
    "PersonErased",
    "ParticipantReferred",
    "EligibilityAssessed",
    "ReferralDeclined",
    "ReferralWithdrawn",
    "ParticipantEnrolled",
    "ParticipationStarted",
    "ParticipationNeverStarted",
    "ParticipationPaused",
    "ParticipationResumed",
    "LegalBasisRecorded",
    "ConsentGiven",
    "ConsentWithdrawn",
    "AttendanceRecorded",
    "ActivityCompleted",
    "SupportBasisChanged",
    "ProgressionMeasured",
    "ChallengeNoted",
    "ParticipantTransferred",
    "ParticipantDroppedOut",
    "ParticipantCompleted",
    "ClaimTaken",
    "ClaimReleased",
    "CompanyRegistered",
    "CompanyLinked",
    "CompanyUnlinked",
    "RelationHandedOver",
    "CooperationLevelRecorded",
    "AgreementSigned",
    "AgreementEnded",
    "BarrierReported",
    "BarrierResolved",
    "CompanySuggested",
    "OpeningReported",
    "OpeningWithdrawn",
    "MatchProposed",
    "MatchAnswered",
    "PlacementAgreed",
    "PracticeStarted",
    "PracticeExtended",
    "PracticeEnded",
    "WageHoursBegan",
    "WageHoursChanged",
    "WageHoursReported",
    "WageHoursEnded",
    "EmploymentStarted",
    "EmploymentChanged",
    "EmploymentEnded",
    "PlacementCancelled",
    "PlacementEnded",
    "PlacementPersonChanged",
    "PlacementPersonErased",
    "AftercareOffered",
    "AftercareAccepted",
    "AftercareDeclined",
    "AftercareWithdrawn",
    "AftercarePlanAgreed",
    "AftercarePlanRevised",
    "FollowUpCompleted",
    "FollowUpMissed",
    "FollowUpRescheduled",
    "FollowUpWaived",
    "UpskillingOffered",
    "UpskillingTaken",
    "AftercareClosed",
    "ReportIssued",
    "ReportSuperseded",
    "ProblemRaised",
    "ProblemActionTaken",
    "ProblemResolved",
    "ProblemClosedUnresolved",
    "EventCorrected",
    "EventRetracted",
    "CorrectionProposed",
    "CorrectionApproved",
    "CorrectionRejected",
}

NOT_WRITTEN = {"__pycache__", "node_modules"}
LONGEST_FILE = 350
NO_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "misc"}
MOCKS = {"unittest", "mock", "pytest_mock"}
MACHINE_PATHS = [f"/{name}/".encode() for name in ("work", "root", "home")]


def files(*suffixes: str) -> Iterator[Path]:
    """Everything of the project that somebody wrote, whether it is committed already or not."""
    for directory, names, found in os.walk(ROOT):
        names[:] = sorted({".ci", *(n for n in names if n[0] != ".")} & ({*names} - NOT_WRITTEN))
        for name in sorted(found):
            path = Path(directory, name)
            if not suffixes or path.suffix in suffixes:
                yield path


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in files(".py")}
PRODUCT = [name for name in MODULES if name.split(".")[0] in ("shared", "services", "sluse")]

each_module = pytest.mark.parametrize("module", MODULES)
each_product_module = pytest.mark.parametrize("module", PRODUCT)


def imported(source: str) -> list[str]:
    """Every name that the source imports, in full, wherever in it."""
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            stem = "." * node.level + (node.module or "")
            names += [f"{stem}.{alias.name}" for alias in node.names]
    return names


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def forbidden(module: str, source: str) -> list[str]:
    """What the module imports and may not know."""
    return [name for name in imported(source) if not _may_know(module, name)]


def _may_know(module: str, name: str) -> bool:
    home, what = module.split(".", maxsplit=1)[0], name.split(".")
    match home, what:
        case (("shared" | "services" | "sluse"), ["", *_]):
            return False  # relative: nobody sees at a glance what it means
        case (("shared" | "services" | "sluse"), [("tests" | "benchmarks"), *_]):
            return False
        case (("shared" | "services"), ["sluse", *_]):
            return False
        case "shared", ["services", *_]:
            return False
        case "services", ["services", *_]:
            own = ".".join(module.split(".")[:2])
            return within(name, own) or what[2:3] == ["events"]
    return True


@each_product_module
def test_a_module_knows_only_whom_it_may_know(module: str) -> None:
    assert forbidden(module, MODULES[module].read_text()) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("shared.bus", "import services.intake.events"),
        ("shared.bus", "from services import intake"),
        ("shared.bus", "def late():\n    from sluse.up import up"),
        ("services.intake.app", "import sluse"),
        ("services.intake.app", "from services.placement import app"),
        ("services.intake.app", "from services.placement.placement import evolve"),
        ("services.intake.app", "from services import placement"),
        ("services.placement.events", "import services.intake.enrolment"),
        ("services.intake.app", "from . import enrolment"),
        ("sluse.up", "from tests import servers"),
    ],
)
def test_a_forbidden_import_is_seen(module: str, source: str) -> None:
    assert forbidden(module, source) != []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("services.placement.app", "from services.intake.events import VOCABULARY"),
        ("services.placement.app", "from services.intake import events"),
        ("services.placement.app", "from services.intake.events.definition import Definition"),
        ("services.placement.app", "from services.placement import company"),
        ("services.placement.app", "from shared.bus import Bus"),
        ("sluse.up", "from services.intake import app"),
        ("benchmarks.anything", "from sluse.embedded_nats import nats_server"),
    ],
)
def test_an_allowed_import_is_no_fault(module: str, source: str) -> None:
    assert forbidden(module, source) == []


@each_module
def test_a_module_says_in_a_sentence_what_it_knows(module: str) -> None:
    text = ast.get_docstring(ast.parse(MODULES[module].read_text())) or ""
    first_line = text.split("\n", maxsplit=1)[0]

    assert first_line.endswith((".", "?")), first_line


@each_module
def test_a_module_is_named_by_what_it_knows(module: str) -> None:
    assert not NO_NAMES & set(module.split("."))


@each_product_module
def test_a_file_can_be_read_in_one_go(module: str) -> None:
    assert len(MODULES[module].read_text().splitlines()) <= LONGEST_FILE


@each_product_module
def test_no_rule_is_an_assertion(module: str) -> None:
    """`python -O` leaves them out."""
    tree = ast.parse(MODULES[module].read_text())

    assert [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)] == []


@each_module
def test_nothing_is_mocked(module: str) -> None:
    names = imported(MODULES[module].read_text())

    assert [name for name in names if name.split(".")[0] in MOCKS] == []


@pytest.mark.parametrize("name", ENTITIES)
def test_an_entity_module_is_a_decider(name: str) -> None:
    entity = import_module(f"services.{name}")

    assert name.split(".")[1] == entity.NAME
    assert hasattr(entity, "INITIAL")
    takes = {rule: len(inspect.signature(getattr(entity, rule)).parameters) for rule in DECIDER}
    assert takes == DECIDER


def test_every_entity_module_records_in_its_vocabulary() -> None:
    modules = [name for name in PRODUCT if name.count(".") == 2 and name.startswith("services.")]

    deciders = [name for name in modules if "\nNAME = " in MODULES[name].read_text()]

    assert [f"services.{name}" for name in ENTITIES] == sorted(deciders)


def test_the_stored_types_are_spelled_as_agreed() -> None:
    """A class name is what stands in the stream: renaming one makes history unreadable."""
    stored = [name for vocabulary in VOCABULARIES.values() for name in vocabulary.types]

    assert set(stored) == EVENT_TYPES


@pytest.mark.parametrize("path", list(files(".lock")), ids=lambda path: path.name)
def test_a_lock_file_pins_by_hash_and_names_no_host(path: Path) -> None:
    text = path.read_text()
    entries = [e for e in text.replace("\\\n", " ").splitlines() if e and e.lstrip()[0] != "#"]

    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []
    assert "://" not in text
    assert "--index-url" not in text


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    def names_one(path: Path) -> bool:
        content = path.read_bytes()
        return b"\0" not in content and any(machine in content for machine in MACHINE_PATHS)

    assert [str(path.relative_to(ROOT)) for path in files() if names_one(path)] == []
