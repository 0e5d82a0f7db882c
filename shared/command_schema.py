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
    paths = {path: _with_refusals(item) for path, item in (document.get("paths") or {}).items()}
    components = dict(document.get("components") or {})
    schemas = dict(components.get("schemas") or {})
    for service, description in services.items():
        schemas |= description["components"]
        paths[f"/{service}/commands"] = {"post": _operation(service, description["body"])}
    return {**document, "paths": paths, "components": {**components, "schemas": schemas}}


_REFUSALS = {
    "404": "there is no such thing at this moment",
    "409": "NOT_YET: the read models have not come so far",
    "422": "a parameter is refused",
    "503": "the bus or the database does not answer",
}


def _with_refusals(item: Json) -> Json:
    """A path with what a question may be answered beside its answer."""
    if "get" not in item:
        return item
    answered = {k: v for k, v in item["get"].get("responses", {}).items() if k != "400"}
    refusals = {status: _response(text) for status, text in _REFUSALS.items()}
    return {**item, "get": {**item["get"], "responses": {**answered, **refusals}}}


def _response(text: str) -> Json:
    reply = {"application/json": {"schema": {"$ref": _REF.format(name="Reply")}}}
    return {"description": text, "content": reply}


def _operation(service: str, body: Json) -> Json:
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
        "responses": {status: _response(text) for status, text in answers.items()},
    }
