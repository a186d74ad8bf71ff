"""The pipeline as data: what may start when, and how far it is."""

from types import SimpleNamespace
from uuid import UUID

from generations.pipeline import STAGES, Step, applicable, percentage, ready_steps

A, B = UUID(int=1), UUID(int=2)
PLAIN = applicable(SimpleNamespace(brand=None))
BRANDED = applicable(SimpleNamespace(brand={"name": "Bean"}))
ANALYSED = {Step("prompt_analysis"), Step("brand_analysis")}
PLANNED = {Step("prompt_analysis"), Step("micro_prompts")}


def test_the_two_analyses_start_side_by_side() -> None:
    assert ready_steps(BRANDED, [], set()) == [Step("prompt_analysis"), Step("brand_analysis")]


def test_the_storyboard_waits_for_the_brand() -> None:
    assert Step("micro_prompts") not in ready_steps(BRANDED, [], {Step("prompt_analysis")})
    assert ready_steps(BRANDED, [], ANALYSED) == [Step("micro_prompts")]


def test_without_a_brand_there_is_no_brand_analysis() -> None:
    assert ready_steps(PLAIN, [], {Step("prompt_analysis")}) == [Step("micro_prompts")]


def test_a_clip_is_conformed_as_soon_as_it_is_there() -> None:
    done = PLANNED | {Step("clip", A)}
    assert ready_steps(PLAIN, [A, B], done) == [Step("clip", B), Step("conform", A)]


def test_assembly_waits_for_every_clip() -> None:
    done = PLANNED | {Step("clip", A), Step("clip", B), Step("conform", A)}
    assert Step("assembly") not in ready_steps(PLAIN, [A, B], done)
    assert ready_steps(PLAIN, [A, B], done | {Step("conform", B)}) == [Step("assembly")]


def test_nothing_is_assembled_before_there_are_clips() -> None:
    assert Step("assembly") not in ready_steps(PLAIN, [], PLANNED)


def test_the_percentage_runs_from_0_to_100() -> None:
    everything = {
        Step(stage.name, clip) for stage in STAGES for clip in ([A, B] if stage.per_clip else [None])
    }
    assert percentage(PLAIN, [], set(), {}) == 0
    assert percentage(PLAIN, [A, B], everything, {}) == 100


def test_a_clip_at_work_counts_for_its_part() -> None:
    before = percentage(PLAIN, [A, B], PLANNED, {})
    half = percentage(PLAIN, [A, B], PLANNED, {Step("clip", A): 50})
    assert before < half < percentage(PLAIN, [A, B], PLANNED | {Step("clip", A)}, {})
