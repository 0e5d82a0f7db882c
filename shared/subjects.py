"""Where things stand on the bus: streams, subjects, sources."""

SERVICES = ("intake", "placement", "aftercare")
DOORS = (*SERVICES, "reports", "operations")
"""Whoever takes commands: the services, the reports that reporting issues, and the operators' desk."""
PROJECTING = (*SERVICES, "reporting")
"""Whoever folds streams."""


def stream_of(service: str) -> str:
    """The private stream that a service alone writes."""
    return service.upper()


def source_of(service: str) -> str:
    """The CloudEvents source of a service."""
    return f"/sluse/{service}"


def subject_of(service: str, entity: str, entity_id: str) -> str:
    """The literal subject of one entity."""
    return f"{service}.{entity}.{entity_id}"


def entity_of(subject: str) -> str:
    """The kind of entity that a subject names."""
    return subject.split(".")[1]


def commands_subject(service: str) -> str:
    """Where a service takes commands over the bus."""
    return f"commands.{service}"


def schema_subject(service: str) -> str:
    """Where a service tells what its commands look like."""
    return f"schema.{service}"


def status_subject(service: str) -> str:
    """Where a service tells how far its projections are."""
    return f"status.{service}"


def fingerprint_subject(service: str) -> str:
    """Where a service tells what its read models say at a moment, as digests."""
    return f"fingerprint.{service}"


def erasures_subject(service: str) -> str:
    """Where a service is told which erasures a restored stream has lost."""
    return f"erasures.{service}"


def parked_subject(service: str) -> str:
    """Where a service tells what its projections have parked."""
    return f"parked.{service}"


def projections_subject(service: str) -> str:
    """Where a service tells of its projections' generations, and changes which one is asked."""
    return f"projections.{service}"
