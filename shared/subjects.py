"""Where things stand on the bus: streams, subjects, sources."""

SERVICES = ("intake", "placement", "aftercare")
DOORS = (*SERVICES, "reports")
"""Whoever takes commands: the services, and the reports that reporting issues."""


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
