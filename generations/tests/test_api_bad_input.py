"""Bad input: each a problem that names the field and says what is allowed; never a 500."""

import json
from typing import Any

import pytest
from django.conf import settings

from generations.models import Generation
from generations.tests.clients import GENERATIONS, JsonClient, problem_of

PROMPT = {"prompt": "A lighthouse"}
SECONDS = "whole number from 4 to 180"
SEED = "whole number from 0 to 2147483647"
DOLLARS = "from 0 to 10000"
BRAND = "object with name"
COLOUR = "#1b4d3e"
CHARACTERS = "control characters"

#: What is sent, which field is named, what the message must say.
BODIES: list[tuple[dict[str, Any], str, str]] = [
    ({}, "prompt", "1 to 4000 characters"),
    ({"prompt": ""}, "prompt", "1 to 4000 characters"),
    ({"prompt": " \n\t "}, "prompt", "1 to 4000 characters"),
    ({"prompt": "x" * 5000}, "prompt", "1 to 4000 characters"),
    ({"prompt": None}, "prompt", "1 to 4000 characters"),
    ({"prompt": 15}, "prompt", "1 to 4000 characters"),
    ({"prompt": True}, "prompt", "1 to 4000 characters"),
    ({"prompt": ["a"]}, "prompt", "1 to 4000 characters"),
    ({"prompt": {"a": 1}}, "prompt", "1 to 4000 characters"),
    ({"prompt": "bell \x07"}, "prompt", "U+0007"),
    ({"prompt": "nul \x00"}, "prompt", CHARACTERS),
    ({"prompt": "escape \x1b[0m"}, "prompt", CHARACTERS),
    ({"prompt": "c1 \x85"}, "prompt", CHARACTERS),
    ({"prompt": "half \ud83d"}, "prompt", "U+D83D"),
    (PROMPT | {"duration_seconds": 0}, "duration_seconds", SECONDS),
    (PROMPT | {"duration_seconds": 3}, "duration_seconds", SECONDS),
    (PROMPT | {"duration_seconds": 181}, "duration_seconds", SECONDS),
    (PROMPT | {"duration_seconds": -15}, "duration_seconds", SECONDS),
    (PROMPT | {"duration_seconds": 10**400}, "duration_seconds", SECONDS),
    (PROMPT | {"duration_seconds": "15"}, "duration_seconds", SECONDS),
    (PROMPT | {"duration_seconds": 15.5}, "duration_seconds", SECONDS),
    (PROMPT | {"duration_seconds": 15.0}, "duration_seconds", SECONDS),
    (PROMPT | {"duration_seconds": True}, "duration_seconds", SECONDS),
    (PROMPT | {"duration_seconds": None}, "duration_seconds", SECONDS),
    (PROMPT | {"duration_seconds": [15]}, "duration_seconds", SECONDS),
    (PROMPT | {"aspect_ratio": "4:3"}, "aspect_ratio", "16:9, 9:16, 1:1, 4:5, 21:9"),
    (PROMPT | {"aspect_ratio": 1}, "aspect_ratio", "16:9"),
    (PROMPT | {"aspect_ratio": {}}, "aspect_ratio", "16:9"),
    (PROMPT | {"aspect_ratio": None}, "aspect_ratio", "16:9"),
    (PROMPT | {"resolution": "4k"}, "resolution", "480p, 720p, 1080p"),
    (PROMPT | {"resolution": 720}, "resolution", "480p, 720p, 1080p"),
    (PROMPT | {"transition": "spin"}, "transition", "cut, fade, dissolve, wipe"),
    (PROMPT | {"approval": "maybe"}, "approval", "auto, storyboard"),
    (PROMPT | {"style": "x" * 201}, "style", "200 characters"),
    (PROMPT | {"style": 3}, "style", "200 characters"),
    (PROMPT | {"style": "\x00"}, "style", CHARACTERS),
    (PROMPT | {"provider": ""}, "provider", "name of a provider"),
    (PROMPT | {"provider": 1}, "provider", "name of a provider"),
    (PROMPT | {"model": 1}, "model", "name of a model"),
    (PROMPT | {"seed": -1}, "seed", SEED),
    (PROMPT | {"seed": 2**31}, "seed", SEED),
    (PROMPT | {"seed": "7"}, "seed", SEED),
    (PROMPT | {"seed": 7.5}, "seed", SEED),
    (PROMPT | {"max_cost_usd": -1}, "max_cost_usd", DOLLARS),
    (PROMPT | {"max_cost_usd": "-0.01"}, "max_cost_usd", DOLLARS),
    (PROMPT | {"max_cost_usd": 10_001}, "max_cost_usd", DOLLARS),
    (PROMPT | {"max_cost_usd": "a lot"}, "max_cost_usd", DOLLARS),
    (PROMPT | {"max_cost_usd": "NaN"}, "max_cost_usd", DOLLARS),
    (PROMPT | {"max_cost_usd": "Infinity"}, "max_cost_usd", DOLLARS),
    (PROMPT | {"max_cost_usd": "0.0000001"}, "max_cost_usd", DOLLARS),
    (PROMPT | {"max_cost_usd": True}, "max_cost_usd", DOLLARS),
    (PROMPT | {"max_cost_usd": ""}, "max_cost_usd", DOLLARS),
    (PROMPT | {"max_cost_usd": " "}, "max_cost_usd", DOLLARS),
    (PROMPT | {"max_cost_usd": []}, "max_cost_usd", DOLLARS),
    (PROMPT | {"max_cost_usd": 10**2000}, "max_cost_usd", DOLLARS),
    (PROMPT | {"metadata": []}, "metadata", "at most 16 texts"),
    (PROMPT | {"metadata": None}, "metadata", "at most 16 texts"),
    (PROMPT | {"metadata": {"a": 1}}, "metadata", "at most 16 texts"),
    (PROMPT | {"metadata": {"a": {"b": "c"}}}, "metadata", "at most 16 texts"),
    (PROMPT | {"metadata": {"": "c"}}, "metadata", "at most 16 texts"),
    (PROMPT | {"metadata": {str(n): "" for n in range(17)}}, "metadata", "at most 16 texts"),
    (PROMPT | {"metadata": {"a": "x" * 501}}, "metadata", "at most 500"),
    (PROMPT | {"metadata": {str(n): "x" * 500 for n in range(9)}}, "metadata", "4096 bytes"),
    (PROMPT | {"metadata": {"a": "\x00"}}, "metadata", CHARACTERS),
    (PROMPT | {"metadata": {"\ud800": "a"}}, "metadata", CHARACTERS),
    (PROMPT | {"brand": 7}, "brand", BRAND),
    (PROMPT | {"brand": "b1946ac9"}, "brand", "not supported yet"),
    (PROMPT | {"brand": {}}, "brand.name", "1 to 80 characters"),
    (PROMPT | {"brand": {"name": "x" * 81}}, "brand.name", "1 to 80 characters"),
    (PROMPT | {"brand": {"name": "K", "palette": "#1b4d3e"}}, "brand.palette", COLOUR),
    (PROMPT | {"brand": {"name": "K", "palette": ["green"]}}, "brand.palette.0", COLOUR),
    (PROMPT | {"brand": {"name": "K", "palette": ["#1b4d3"]}}, "brand.palette.0", COLOUR),
    (PROMPT | {"brand": {"name": "K", "palette": [7]}}, "brand.palette.0", COLOUR),
    (PROMPT | {"brand": {"name": "K", "palette": ["#000000"] * 7}}, "brand.palette", "at most 6"),
    (PROMPT | {"brand": {"name": "K", "logo": "x"}}, "brand.logo", "name, palette, tone, guidelines"),
    (PROMPT | {"brand": {"name": "K", "tone": "x" * 201}}, "brand.tone", "200 characters"),
    (PROMPT | {"brand": {"name": "K", "guidelines": "x" * 2001}}, "brand.guidelines", "2000 characters"),
    (PROMPT | {"quality": "high"}, "quality", "The fields here are: prompt, duration_seconds"),
    (PROMPT | {"webhook": {"url": "https://a.example"}}, "webhook", "The fields here are"),
    (PROMPT | {"half \ud83d": 1}, r"half \ud83d", "The fields here are"),
]


@pytest.mark.django_db
@pytest.mark.parametrize("body, field, allowed", BODIES, ids=lambda value: str(ascii(value))[:60])
def test_a_bad_body_is_refused_by_field(
    api: JsonClient, body: dict[str, Any], field: str, allowed: str
) -> None:
    response = api.post(GENERATIONS, json.dumps(body), content_type="application/json")
    errors = {error["field"]: error["message"] for error in problem_of(response, 400)["errors"]}
    assert list(errors) == [field]
    assert allowed in errors[field]
    assert not Generation.objects.exists()


@pytest.mark.django_db
def test_every_wrong_field_is_named_at_once(api: JsonClient) -> None:
    problem = problem_of(api.post(GENERATIONS, {"seed": -1, "quality": 1}), 400)
    assert {error["field"] for error in problem["errors"]} == {"prompt", "seed", "quality"}


MALFORMED = {
    "cut off": b'{"prompt": "A light',
    "not JSON": b"prompt=A+lighthouse",
    "NaN": b'{"prompt": "a", "max_cost_usd": NaN}',
    "Infinity": b'{"prompt": "a", "max_cost_usd": -Infinity}',
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"metadata":' * 20_000 + b"1" + b"}" * 20_000,
    "not UTF-8": b'{"prompt": "\xff"}',
    "an endless number": b'{"prompt": "a", "seed": ' + b"9" * 5000 + b"}",
}


@pytest.mark.django_db
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_broken_json_is_malformed(api: JsonClient, body: bytes) -> None:
    response = api.post(GENERATIONS, body, content_type="application/json")
    assert problem_of(response, 400)["code"] == "request.malformed"


@pytest.mark.django_db
def test_a_body_without_a_length_is_refused_rather_than_taken_for_empty(api: JsonClient) -> None:
    response = api.generic(
        "POST", GENERATIONS, content_type="application/json", headers={"Transfer-Encoding": "chunked"}
    )
    assert "Content-Length" in problem_of(response, 411)["detail"]


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b"null", b"[]", b'"a"', b"1", b"true", b'[{"prompt": "a"}]'])
def test_a_body_that_is_no_object_is_refused(api: JsonClient, body: bytes) -> None:
    response = api.post(GENERATIONS, body, content_type="application/json")
    assert "JSON object such as" in problem_of(response, 400)["detail"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "a"]
)
def test_other_media_types_are_refused(api: JsonClient, media_type: str) -> None:
    response = api.post(GENERATIONS, b'{"prompt": "a"}', content_type=media_type)
    assert "application/json" in problem_of(response, 415)["detail"]


@pytest.mark.django_db
def test_a_huge_body_is_refused_unread(api: JsonClient) -> None:
    body = b" " * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    response = api.post(GENERATIONS, body, content_type="application/json")
    assert str(settings.DATA_UPLOAD_MAX_MEMORY_SIZE) in problem_of(response, 413)["detail"]


@pytest.mark.django_db
@pytest.mark.parametrize("method, path", [("PUT", ""), ("PATCH", ""), ("DELETE", ""), ("TRACE", "")])
def test_a_wrong_method_says_which_are_right(api: JsonClient, method: str, path: str) -> None:
    response = api.generic(method, GENERATIONS + path)
    assert "GET, POST" in problem_of(response, 405)["detail"]
    assert response["Allow"].startswith("GET, POST")


@pytest.mark.django_db
@pytest.mark.parametrize("accept", ["application/xml", "text/html", "nonsense", "application/problem+json"])
def test_json_is_answered_whatever_is_accepted(api: JsonClient, accept: str) -> None:
    response = api.get(f"{GENERATIONS}?", headers={"Accept": accept})
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


QUERIES = [
    ("limit=0", "limit", "from 1 to 100"),
    ("limit=101", "limit", "from 1 to 100"),
    ("limit=ten", "limit", "from 1 to 100"),
    ("limit=", "limit", "from 1 to 100"),
    ("status=done", "status", "queued, processing, awaiting_approval"),
    ("status=queued&status=done", "status", "queued, processing"),
    ("status=", "status", "queued, processing"),
    ("provider=%00", "provider", "name of a provider"),
    ("provider=", "provider", "name of a provider"),
    ("created_after=yesterday", "created_after", "2026-01-31T12:00:00Z"),
    ("created_after=2026-13-01T00:00:00Z", "created_after", "2026-01-31T12:00:00Z"),
    ("created_before=1", "created_before", "2026-01-31T12:00:00Z"),
    ("created_before=0001-01-01T00:00:00%2B14:00", "created_before", "2026-01-31T12:00:00Z"),
    ("cursor=abc", "cursor", "unchanged"),
    ("cursor=%00", "cursor", ""),
    ("cursor=", "cursor", "unchanged"),
    ("page=2", "page", "The fields here are: status, provider, created_after, created_before, limit, cursor"),
]


@pytest.mark.django_db
@pytest.mark.parametrize("query, field, allowed", QUERIES)
def test_a_bad_query_is_refused_by_name(api: JsonClient, query: str, field: str, allowed: str) -> None:
    errors = problem_of(api.get(f"{GENERATIONS}?{query}"), 400)["errors"]
    assert {error["field"] for error in errors} == {field}
    assert any(allowed in error["message"] for error in errors)


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["dry_run=perhaps", "dryrun=true"])
def test_a_bad_query_does_not_make_a_generation(api: JsonClient, query: str) -> None:
    problem_of(api.post(f"{GENERATIONS}?{query}", PROMPT), 400)
    assert not Generation.objects.exists()
