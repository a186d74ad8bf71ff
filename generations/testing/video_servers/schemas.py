"""The documents in which both providers describe a model's input, each in its own way."""

import hashlib
from typing import Any

from generations.testing.video_servers.models import Model

_SINCE = "2026-10-01T00:00:00.000Z"


def version_of(model: Model) -> str:
    """The id of its only version."""
    return hashlib.sha256(model.name.encode()).hexdigest()


def replicate_model(model: Model, origin: str) -> dict[str, Any]:
    """`GET /v1/models/{owner}/{name}`."""
    owner, _, name = model.name.partition("/")
    return {
        "url": f"{origin}/{model.name}",
        "owner": owner,
        "name": name,
        "description": "A test model.",
        "visibility": "public",
        "is_official": True,
        "github_url": None,
        "paper_url": None,
        "license_url": None,
        "run_count": 0,
        "cover_image_url": None,
        "default_example": None,
        "latest_version": {
            "id": version_of(model),
            "created_at": _SINCE,
            "cog_version": "0.14.0",
            "openapi_schema": _cog_schema(model),
        },
    }


def _cog_schema(model: Model) -> dict[str, Any]:
    """Choices are schemas of their own there, that an input refers to."""
    schema = model.schema
    choices = {name: about for name, about in schema["properties"].items() if "enum" in about}
    for name, about in choices.items():
        schema["properties"][name] = {
            "allOf": [{"$ref": f"#/components/schemas/{name}"}],
            "default": about["default"],
            "x-order": about["x-order"],
        }
    enums = {
        name: {"enum": about["enum"], "type": about["type"], "title": name, "description": "An enumeration."}
        for name, about in choices.items()
    }
    output = {"type": "string", "title": "Output", "format": "uri"}
    return {
        "openapi": "3.0.2",
        "info": {"title": "Cog", "version": "0.1.0"},
        "paths": {},
        "components": {"schemas": {"Input": schema, "Output": output, **enums}},
    }


def fal_openapi(model: Model, origin: str) -> dict[str, Any]:
    """The OpenAPI document of one endpoint."""
    name = "".join(part.capitalize() for part in model.name.replace("/", "-").split("-")) + "Input"
    body = {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}
    return {
        "openapi": "3.0.4",
        "info": {
            "title": f"Queue OpenAPI for {model.name}",
            "version": "1.0.0",
            "x-fal-metadata": {"endpointId": model.name, "category": "text-to-video"},
        },
        "components": {"schemas": {name: {**model.schema, "title": name}}},
        "paths": {
            f"/{model.name}": {"post": {"requestBody": {"required": True, **body}}},
            f"/{model.name}/requests/{{request_id}}/status": {"get": {}},
        },
        "servers": [{"url": origin}],
    }
