"""The OpenAPI document: valid, without warnings, and true."""

from io import StringIO
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.utils import timezone
from jsonschema import Draft4Validator

from generations.api import examples
from generations.models import Generation
from generations.services.events import event_record
from generations.tests.clients import GENERATIONS, JsonClient
from generations.tests.factories import AssetFactory, ClipFactory


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    out = StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=out)
    loaded: dict[str, Any] = yaml.safe_load(out.getvalue())
    return loaded


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        operation["operationId"]: operation
        for path in document["paths"].values()
        for operation in path.values()
    }


def test_every_operation_is_described_with_its_problems(document: dict[str, Any]) -> None:
    for operation_id, operation in operations(document).items():
        assert operation["summary"], operation_id
        assert operation["description"], operation_id
        assert operation["tags"], operation_id
        refusals = [answer for status, answer in operation["responses"].items() if status >= "400"]
        assert len(refusals) >= 4
        assert all(list(answer["content"]) == ["application/problem+json"] for answer in refusals)


def test_every_json_answer_has_an_example(document: dict[str, Any]) -> None:
    for operation_id, operation in operations(document).items():
        for status, answer in operation["responses"].items():
            content = answer.get("content", {}).get("application/json")
            assert content is None or content["examples"], f"{operation_id} {status}"


def test_the_ids_are_stable(document: dict[str, Any]) -> None:
    assert sorted(operations(document)) == [
        "assets_content_get",
        "assets_create",
        "assets_delete",
        "assets_get",
        "assets_list",
        "generations_approve",
        "generations_cancel",
        "generations_clips_list",
        "generations_clips_regenerate",
        "generations_clips_thumbnail_get",
        "generations_clips_video_get",
        "generations_create",
        "generations_delete",
        "generations_events_list",
        "generations_get",
        "generations_list",
        "generations_poster_get",
        "generations_retry",
        "generations_storyboard_get",
        "generations_video_get",
        "providers_get",
        "providers_list",
        "ws_tickets_create",
    ]


def strict(document: dict[str, Any], name: str) -> Draft4Validator:
    """JSON Schema of a component that takes nothing beside what it names."""
    for schema in document["components"]["schemas"].values():
        if "properties" in schema and schema.get("type") == "object":
            schema.setdefault("additionalProperties", False)
            for nullable in schema["properties"].values():
                if nullable.pop("nullable", False):
                    inner = dict(nullable)
                    nullable.clear()
                    nullable["anyOf"] = [inner, {"type": "null"}]
    return Draft4Validator({"$ref": f"#/components/schemas/{name}", **document})


EXAMPLES = {
    "GenerationRequest": examples.REQUEST,
    "Generation": examples.COMPLETED,
    "GenerationPage": examples.PAGE,
    "Plan": examples.PLAN,
    "ClipList": examples.CLIPS,
    "EventPage": examples.EVENTS,
    "Asset": examples.ASSET,
    "Provider": examples.PROVIDER,
    "Ticket": examples.TICKET,
    "Problem": examples.PROBLEM,
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_have_the_shape_that_they_illustrate(document: dict[str, Any], name: str) -> None:
    strict(document, name).validate(EXAMPLES[name])


@pytest.fixture
def completed(generation: Generation) -> Generation:
    asset = AssetFactory(owner=generation.owner)
    AssetFactory(owner=generation.owner, kind="reference", width=640, height=480)
    stored = examples.SCENE | {"duration_seconds": "4.0"}
    ClipFactory(generation=generation, position=1, status="ready", scene=stored, video=asset, thumbnail=asset)
    Generation.objects.update(
        status="completed",
        finished_at=timezone.now(),
        video=asset,
        storyboard={"title": "A", "scenes": [stored]},
    )
    event_record(generation=generation, type="generation.completed")
    return generation


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path, name",
    [
        (f"{GENERATIONS}/{{id}}", "Generation"),
        (f"{GENERATIONS}/{{id}}/clips", "ClipList"),
        (f"{GENERATIONS}/{{id}}/events", "EventPage"),
        (f"{GENERATIONS}/{{id}}/storyboard", "Storyboard"),
        (GENERATIONS, "GenerationPage"),
        ("/api/v1/assets", "AssetList"),
        ("/api/v1/providers", "ProviderList"),
        ("/api/v1/generations/nothing", "Problem"),
    ],
)
def test_answers_have_the_shape_that_is_described(
    api: JsonClient, completed: Generation, document: dict[str, Any], path: str, name: str
) -> None:
    answer = api.get(path.replace("{id}", str(completed.pk))).json()
    strict(document, name).validate(answer)


@pytest.mark.django_db
def test_the_document_and_its_page_need_no_key_and_no_other_host(client: Any) -> None:
    assert client.get("/api/schema").status_code == 200
    page = client.get("/api/docs").content.decode()
    assert "/static/drf_spectacular_sidecar/" in page
    assert "https://" not in page
