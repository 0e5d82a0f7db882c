"""What commands look like, for people and programs: JSON Schema and OpenAPI from the Structs."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from shared.command import Command, Reply

Json: TypeAlias = dict[str, Any]

_REF = "#/components/schemas/{name}"


def described(commands: Sequence[type[Command]]) -> Json:
    """`body`: the schema of any of the commands; `components`: all that it refers to."""
    refs, components = msgspec.json.schema_components([*commands, Reply], ref_template=_REF)
    for component in components.values():
        if component.get("type") == "object" and "type" in component.get("properties", {}):
            component["additionalProperties"] = False
    names = {kind.__name__: ref["$ref"] for kind, ref in zip(commands, refs, strict=False)}
    body = {
        "oneOf": [{"$ref": ref} for ref in names.values()],
        "discriminator": {"propertyName": "type", "mapping": names},
    }
    return {"body": body, "components": components}


def with_commands(document: Json, services: Mapping[str, Json]) -> Json:
    """An OpenAPI document with the command doors of the services added."""
    paths = dict(document.get("paths") or {})
    components = dict(document.get("components") or {})
    schemas = dict(components.get("schemas") or {})
    for service, description in services.items():
        schemas |= description["components"]
        paths[f"/{service}/commands"] = {"post": _operation(service, description["body"])}
    return {**document, "paths": paths, "components": {**components, "schemas": schemas}}


def _operation(service: str, body: Json) -> Json:
    reply = {"application/json": {"schema": {"$ref": _REF.format(name="Reply")}}}
    answers = {
        "200": "accepted, or held already",
        "400": "not JSON",
        "409": "the state, a conflict or a missing basis forbids it",
        "413": "the body is too large",
        "415": "the content type is not JSON",
        "422": "the content is refused",
        "503": "not settled: send the same command again",
    }
    return {
        "operationId": f"{service}-commands",
        "summary": f"Give {service} a command",
        "tags": ["commands"],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            status: {"description": text, "content": reply} for status, text in answers.items()
        },
    }
