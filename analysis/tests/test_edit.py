"""How edit instructions are understood. The storyboard has four scenes."""

import pytest

from analysis.contracts import EditClassification, EditInput
from analysis.engines.local.edit import classify_edit
from analysis.tests.conftest import StoryboardOf

UNDERSTOOD = [
    ("replace scene 3 with a quiet forest", "replace_scene", [3]),
    ("Replace the second clip with a close-up of the beans", "replace_scene", [2]),
    ("swap scene 2 for a beach", "replace_scene", [2]),
    ("make scene 2 a sunrise over the sea", "replace_scene", [2]),
    ("replace the third scene and the fourth scene", "replace_scene", [3, 4]),
    ("make it shorter", "retime", []),
    ("make the whole video 10 seconds", "retime", []),
    ("slow down the last scene", "retime", [4]),
    ("the second one is too long, make it shorter", "retime", [2]),
    ("swap 1 and 2", "reorder", [1, 2]),
    ("Swap scene 3 and scene 1", "reorder", [3, 1]),
    ("move the last scene to the beginning", "reorder", [4]),
    ("reverse the order", "reorder", []),
    ("remove scene 2", "remove_scene", [2]),
    ("Can you delete the first two scenes?", "remove_scene", [1, 2]),
    ("remove scenes 2-4", "remove_scene", [2, 3, 4]),
    ("remove clips 1, 2 and 4", "remove_scene", [1, 2, 4]),
    ("drop the 3rd shot", "remove_scene", [3]),
    ("Entferne Szene 2", "remove_scene", [2]),
    ("supprime la scène 1", "remove_scene", [1]),
    ("elimina la escena 3", "remove_scene", [3]),
    ("Удали вторую сцену", "remove_scene", [2]),
    ("シーン3を削除", "remove_scene", [3]),
    ('change the title to "Hello"', "retitle", []),
    ("fix the typo in scene 2", "retitle", [2]),
    ("make it warmer and more cinematic", "restyle", []),
    ("make scene 2 darker", "restyle", [2]),
    ("make the 15 second ad black and white", "restyle", []),
    ("make it snow", "restyle", []),
    ("redo scene 1", "regenerate", [1]),
    ("try again", "regenerate", []),
]
NOT_UNDERSTOOD = [
    "remove clip 9", "remove scene 0", "swap 1 and 7", "remove scenes 2-99", "remove scene 999",
    "don't remove scene 2", "I love it", "scene 2", "asdf qwer", "???", "💥", "remove it",
]  # fmt: skip


@pytest.mark.parametrize("instruction, kind, positions", UNDERSTOOD)
def test_an_instruction_is_understood(
    storyboard_of: StoryboardOf, instruction: str, kind: str, positions: list[int]
) -> None:
    edit = classified(storyboard_of, instruction)
    assert (edit.kind, edit.positions) == (kind, positions)
    assert edit.confidence >= 0.5


@pytest.mark.parametrize("instruction", NOT_UNDERSTOOD)
def test_what_cannot_be_understood_is_unclear(storyboard_of: StoryboardOf, instruction: str) -> None:
    edit = classified(storyboard_of, instruction)
    assert (edit.kind, edit.positions) == ("unclear", [])
    assert edit.confidence < 0.5


def classified(storyboard_of: StoryboardOf, instruction: str) -> EditClassification:
    return classify_edit(EditInput(instruction=instruction, storyboard=storyboard_of()))
