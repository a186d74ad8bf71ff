"""Waiting for a generation's end, and what must be true of it then."""

from typing import Any

from generations.models import Generation
from generations.states import FINISHED
from videogen.testing.waiting import eventually


def finished(generation: Generation, seconds: float = 60) -> Generation:
    """The generation, once it has ended."""

    def ended() -> bool:
        generation.refresh_from_db()
        return generation.status in FINISHED

    assert eventually(ended, seconds=seconds, pause=0.1), f"It is {generation.status}, {generation.stage}"
    return generation


def error_of(generation: Generation) -> dict[str, Any]:
    """What a failed generation says."""
    assert generation.status == "failed"
    error: dict[str, Any] = generation.error or {}
    return error


def assert_whole(generation: Generation) -> None:
    """It is complete, every clip is there once, and the history has no gap."""
    assert (generation.status, generation.error) == ("completed", None)
    assert generation.clips_ready == generation.clip_count == generation.clips.filter(status="ready").count()
    succeeded = list(generation.stage_runs.filter(status="succeeded").values_list("stage", "clip_id"))
    assert len(succeeded) == len(set(succeeded))
    numbers = list(generation.events.values_list("sequence", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
