"""A language model server of our own, which the settings point at, and stages that are run here and now."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from analysis.testing.answers import ANSWERS
from analysis.testing.openai_server import OpenAIServer
from generations import tasks
from generations.models import Generation, StageRun

TEXT_STAGES = ("prompt_analysis", "brand_analysis", "micro_prompts")


@pytest.fixture
def language_model(settings) -> Iterator[OpenAIServer]:
    """It has no limits and no latency, blocks texts with `unsafe-violence` in them, and is paid."""
    with OpenAIServer(answers=ANSWERS) as server:
        settings.OPENAI_BASE_URL = server.url
        settings.OPENAI_API_KEY = "sk-test-0123456789abcdef"
        settings.MODERATION_MODEL = "omni-moderation-latest"
        yield server


def text_stages_run(generation: Generation) -> Generation:
    """Run each of its text stages that is queued, and those that follow; then what has become of it."""
    due = StageRun.objects.filter(generation=generation, status="queued", stage__in=TEXT_STAGES)
    done: set[UUID] = set()
    while run := due.exclude(pk__in=done).first():
        done.add(run.pk)
        tasks.run_stage(str(run.pk))
    generation.refresh_from_db()
    return generation
