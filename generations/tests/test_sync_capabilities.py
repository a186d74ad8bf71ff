"""The catalogue against what providers say: equal, different, or not to be asked, each with its exit code."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import Settings

from generations.providers.video_models import VideoModel, video_model, video_models

KLING, VEO, HAILUO = "kwaivgi/kling-v3-video", "google/veo-3.1", "minimax/hailuo-2.3"
FAL_VEO = "fal-ai/veo3.1"


@dataclass
class Provider:
    """Speaks for both. `answers` overrule what the catalogue itself would say, by model."""

    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    keys: list[str | None] = field(default_factory=list)
    url: str = ""

    def answer(self, model: str) -> tuple[int, Any]:
        if model in self.answers:
            return self.answers[model]
        known = "fal" if model in video_models("fal") else "replicate"
        return 200, document(known, properties(video_model(known, model)))


def properties(model: VideoModel) -> dict[str, Any]:
    """The input that our row describes, as Replicate spells it."""
    names = model.input
    lengths = [spelled(length, model.duration_as) for length in map(int, model.seconds_allowed(""))]
    by_name: dict[str, Any] = {
        names.prompt: {"type": "string"},
        names.duration: {"enum": lengths},
        names.aspect_ratio: {"enum": [*model.aspect_ratios, "adaptive"]},
        names.resolution: {"enum": [*model.resolutions.values(), "4k"]},
    }
    others = (names.seed, names.audio, names.negative_prompt, names.first_frame, names.references)
    return {name: facts for name, facts in by_name.items() if name} | {
        name: {"type": "string"} for name in (*others, *model.constants) if name
    }


def spelled(length: int, spelling: str) -> int | str:
    return length if spelling == "int" else f"{length}s" if spelling == "suffixed" else str(length)


def document(provider: str, fields: dict[str, Any]) -> dict[str, Any]:
    """A provider's schema; choices are referred to, as both of them do."""
    schemas = {f"{name}_choice": facts for name, facts in fields.items()}
    referred = {name: {"allOf": [{"$ref": f"#/components/schemas/{name}_choice"}]} for name in fields}
    schemas["Input"] = {"type": "object", "required": ["prompt"], "properties": referred}
    openapi: dict[str, Any] = {"components": {"schemas": schemas}}
    if provider == "replicate":
        return {"latest_version": {"openapi_schema": openapi}}
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Input"}}}}
    return openapi | {"paths": {"/status": {"get": {}}, "/": {"post": {"requestBody": body}}}}


@pytest.fixture
def provider(settings: Settings) -> Iterator[Provider]:
    told = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.keys.append(self.headers.get("Authorization"))
            marks = ("endpoint_id=", "/models/")
            (model,) = (self.path.split(mark)[1].replace("%2F", "/") for mark in marks if mark in self.path)
            status, body = told.answer(model)
            sent = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Location", told.url)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    told.url = f"http://127.0.0.1:{server.server_port}"
    settings.REPLICATE_BASE_URL, settings.REPLICATE_API_TOKEN = f"{told.url}/v1", "r8_test"
    settings.FAL_SCHEMA_URL, settings.FAL_KEY = f"{told.url}/openapi.json", "fal_test"
    settings.VIDEO_MODELS_FILE = ""
    yield told
    server.shutdown()
    server.server_close()


def says(provider: Provider, model: str, known: str = "replicate", **changes: Any) -> None:
    """The provider describes the model as we do, but for some fields; None leaves one out."""
    fields = properties(video_model(known, model)) | changes
    kept = {name: facts for name, facts in fields.items() if facts is not None}
    provider.answers[model] = (200, document(known, kept))


def synced(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit code, and what was said in one line."""
    try:
        call_command("sync_capabilities", *arguments)
        code = 0
    except SystemExit as ended:
        code = int(str(ended.code))
    return code, " ".join(capsys.readouterr().out.split())


def test_a_catalogue_that_is_right_says_so_in_a_line_for_each_model(
    provider: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = synced(capsys)
    models = len(video_models("replicate")) + len(video_models("fal"))
    assert (code, told.count("as its provider says")) == (0, models)
    assert told.endswith(f"{models} equal, 0 different.")


def test_a_key_goes_to_its_own_provider_only(provider: Provider, capsys: pytest.CaptureFixture[str]) -> None:
    synced(capsys, "--model", VEO)
    synced(capsys, "--model", FAL_VEO)
    assert provider.keys == ["Bearer r8_test", None]


@pytest.mark.parametrize(
    ("model", "changes", "told"),
    [
        (VEO, {"duration": {"enum": [4, 8]}}, "durations 4, 6, 8 4, 8"),
        (VEO, {"duration": {"enum": ["4s", "6s", "8s"]}}, "duration_as int suffixed"),
        (KLING, {"duration": {"minimum": 3, "maximum": 12}}, "durations 3 to 15 3 to 12"),
        (KLING, {"duration": {"anyOf": [{"maximum": 9}, {"type": "null"}]}}, "durations 3 to 15 3 to 9"),
        (KLING, {"aspect_ratio": {"enum": ["16:9", "auto"]}}, "aspect_ratios 16:9, 9:16, 1:1 16:9"),
        (KLING, {"mode": {"enum": ["standard"]}}, "resolutions standard, pro standard"),
        (
            VEO,
            {"resolution": {"enum": ["480p", "720p", "1080p"]}},
            "resolutions 720p, 1080p 480p, 720p, 1080p",
        ),
        (VEO, {"generate_audio": None}, "audio optional not a choice"),
        (HAILUO, {"generate_audio": {}}, "audio never optional"),
        (VEO, {"seed": None}, "input seed = seed -"),
        (KLING, {"seed": {}}, "input - seed = seed"),
        (HAILUO, {"aspect_ratio": {"enum": ["9:16"]}}, "aspect_ratios none 9:16"),
        (HAILUO, {"prompt_optimizer": None}, "constants prompt_optimizer -"),
    ],
)
def test_a_difference_is_shown_with_both_sides(
    provider: Provider, capsys: pytest.CaptureFixture[str], model: str, changes: dict[str, Any], told: str
) -> None:
    says(provider, model, **changes)
    code, output = synced(capsys, "--model", model)
    assert code == 1
    assert f" {told} " in output


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (KLING, {"duration": {"minimum": -1, "maximum": 15}}),
        (VEO, {"duration": {"enum": ["auto", 4, 6, 8, -1]}}),
        (VEO, {"aspect_ratio": {"enum": ["9:16", "16:9"]}}),
        (VEO, {"last_frame": {}, "multi_prompt": {}}),
    ],
)
def test_what_only_looks_different_is_equal(
    provider: Provider, capsys: pytest.CaptureFixture[str], model: str, changes: dict[str, Any]
) -> None:
    says(provider, model, **changes)
    assert synced(capsys, "--model", model)[0] == 0


def test_an_input_that_is_required_and_not_sent_is_a_difference(
    provider: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = document("replicate", properties(video_model("replicate", VEO)))
    answer["latest_version"]["openapi_schema"]["components"]["schemas"]["Input"]["required"] = ["consent"]
    provider.answers[VEO] = (200, answer)
    code, told = synced(capsys, "--model", VEO)
    assert code == 1
    assert " required - consent " in told


def test_a_model_that_its_provider_does_not_know_is_a_difference(
    provider: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    provider.answers[VEO] = (404, {"detail": "Not found"})
    code, told = synced(capsys, "--model", VEO)
    assert (code, "the model has another name, or is gone." in told) == (1, True)


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (401, {"detail": "Unauthenticated"}, "does not accept REPLICATE_API_TOKEN (401)."),
        (503, b"", "answered 503 instead of a schema."),
        (302, b"", "answered 302 instead of a schema."),
        (200, b"<html>", "answered with something that is not JSON."),
        (
            200,
            {"latest_version": None},
            "no latest_version.openapi_schema: it is no schema that we can read.",
        ),
        (200, b" " * 5_000_001, "answered with more than 5,000,000 bytes."),
    ],
)
def test_a_provider_that_cannot_be_asked_is_told_apart(
    provider: Provider, capsys: pytest.CaptureFixture[str], status: int, body: Any, told: str
) -> None:
    provider.answers[VEO] = (status, body)
    code, output = synced(capsys, "--model", VEO)
    assert code == 2
    assert told in output
    assert output.endswith("0 equal, 0 different, 1 could not be asked for.")


def test_without_a_key_the_variable_is_named_once_and_the_others_are_asked(
    provider: Provider, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.REPLICATE_API_TOKEN = settings.FAL_KEY = ""
    code, told = synced(capsys)
    assert (code, told.count("REPLICATE_API_TOKEN is not set")) == (2, 1)
    assert told.endswith(f"{len(video_models('fal'))} equal, 0 different, 6 could not be asked for.")


def test_a_server_that_is_away_is_named(
    provider: Provider, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.FAL_SCHEMA_URL = "http://127.0.0.1:9/openapi.json"
    code, told = synced(capsys, "--model", FAL_VEO)
    assert (code, "http://127.0.0.1:9/openapi.json?endpoint_id=fal-ai" in told) == (2, True)


def test_a_model_that_is_not_in_the_catalogue_is_refused_with_those_that_are(
    provider: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = synced(capsys, "--provider", "fal", "--model", VEO)
    assert code == 2
    assert f"There is no model '{VEO}' here; there are: {FAL_VEO}, " in told


# The file that is written


def written(capsys: pytest.CaptureFixture[str], settings: Settings, path: Path) -> VideoModel:
    """What is known of a model once the file that was written is in use."""
    synced(capsys, "--model", VEO, "--write", str(path))
    settings.VIDEO_MODELS_FILE = str(path)
    return video_model("replicate", VEO)


def test_what_the_provider_says_is_written_and_the_prices_are_kept(
    provider: Provider, settings: Settings, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    before = video_model("replicate", VEO)
    says(provider, VEO, duration={"enum": [4, 10]}, aspect_ratio={"enum": ["1:1"]}, seed=None)
    after = written(capsys, settings, tmp_path / "own.toml")
    assert (after.durations, after.aspect_ratios, after.input.seed) == ((4, 10), ("1:1",), "")
    assert (after.usd_per_second, after.title) == (before.usd_per_second, before.title)
    assert after.source == f"{provider.url}/v1/models/{VEO}"
    assert synced(capsys, "--model", VEO)[0] == 0


def test_a_resolution_without_a_price_is_shown_and_not_written(
    provider: Provider, settings: Settings, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    says(provider, VEO, resolution={"enum": ["480p", "720p"]})
    assert written(capsys, settings, tmp_path / "own.toml").resolutions == {"720p": "720p"}


def test_what_the_file_stated_before_stays(
    provider: Provider, settings: Settings, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "own.toml"
    path.write_text(f'[replicate."{VEO}"]\ntitle = "Ours"\nmin_seconds = 2\nmax_seconds = 3\n')
    settings.VIDEO_MODELS_FILE = str(path)
    says(provider, VEO, duration={"enum": [4]})
    after = written(capsys, settings, tmp_path / "new.toml")
    assert (after.title, after.durations, after.min_seconds) == ("Ours", (4,), None)


def test_where_all_is_equal_nothing_is_written(
    provider: Provider, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, told = synced(capsys, "--model", VEO, "--write", str(tmp_path / "own.toml"))
    assert (code, "There is nothing to write." in told) == (0, True)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_named(
    provider: Provider, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    says(provider, VEO, seed=None)
    code, told = synced(capsys, "--model", VEO, "--write", str(tmp_path / "nowhere" / "own.toml"))
    assert (code, "nowhere" in told) == (2, True)
