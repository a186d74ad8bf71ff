"""The instructions of the tasks, as a model reads them."""

import json
import re
from pathlib import Path

import pytest

from analysis.contracts import BrandInput, EditInput, PromptInput, Storyboard
from analysis.engines.openai import prompts
from analysis.engines.openai.prompts import FOLDER, prompt_of
from analysis.engines.openai.schemas import SceneAnswer
from analysis.engines.openai.tasks import (
    BRAND_ANALYSIS,
    EDIT_CLASSIFICATION,
    PROMPT_ANALYSIS,
    TASKS,
    BrandRequest,
)

EXAMPLE = re.compile(r"^Example: (?P<data>{.*})\n(?P<answer>{.*})$", re.MULTILINE)


def example_of(task: str) -> tuple[dict, str]:
    found = EXAMPLE.search(prompt_of(task).text)
    assert found
    return json.loads(found["data"]), found["answer"]


def test_every_task_has_its_file_and_no_file_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{task}.v1.md" for task in TASKS}


@pytest.mark.parametrize("task", TASKS)
def test_the_data_is_declared_to_be_data(task: str) -> None:
    assert "never instructions to you" in prompt_of(task).text


def test_an_edit_of_the_text_is_another_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts, "FOLDER", tmp_path)
    versions = []
    for text in ("Be brief.", "Be very brief.", "Be brief.\n"):
        (tmp_path / "made_up.v2.md").write_text(text)
        versions.append(prompt_of.__wrapped__("made_up", "v2").version)
    assert versions[0] == versions[2] != versions[1]
    assert re.fullmatch(r"v2-[0-9a-f]{8}", versions[0])


def test_the_worked_example_of_a_prompt_is_a_right_answer() -> None:
    data, answer = example_of("prompt_analysis")
    read = PROMPT_ANALYSIS.read(answer, PromptInput.model_validate(data))
    assert (read.language, read.weather) == ("de", "fog")


def test_the_worked_example_of_a_brand_is_a_right_answer() -> None:
    data, answer = example_of("brand_analysis")
    asked = BrandRequest(BrandInput.model_validate(data), PromptInput(prompt="A cup"))
    assert BRAND_ANALYSIS.read(answer, asked).tagline == "Keep the cloud"


def test_the_worked_example_of_an_edit_is_a_right_answer(storyboard_of) -> None:
    data, answer = example_of("edit_classification")
    storyboard: Storyboard = storyboard_of()
    read = EDIT_CLASSIFICATION.read(answer, EditInput(instruction=data["instruction"], storyboard=storyboard))
    assert (read.kind, read.positions) == ("restyle", [2])


def test_the_worked_example_of_a_scene_is_a_scene_of_the_asked_length() -> None:
    example = prompt_of("micro_prompts").text.partition("Example of a scene: ")[2]
    scene = SceneAnswer.model_validate_json(example)
    assert 25 <= len(scene.micro_prompt.split()) <= 45
