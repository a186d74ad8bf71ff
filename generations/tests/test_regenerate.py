"""One clip is made anew: a new version, in which all else is taken over and nothing else is paid for."""

from typing import Any

import pytest

from analysis.testing.openai_server import OpenAIServer
from generations.models import Generation
from generations.providers.fitting import LEAST_KEPT
from generations.services.generations import generation_delete
from generations.testing.video_servers import Fault
from generations.tests.clients import GENERATIONS, JsonClient, problem_of
from generations.tests.following import assert_whole
from generations.tests.language_model import language_model as language_model
from generations.tests.studio import ALL, PRICES, Studio, calls_of
from generations.tests.studio import studio as studio
from storage_app.models import Asset
from storage_app.services import asset_fetch

pytestmark = pytest.mark.django_db(transaction=True)

PRICE = PRICES["replicate"]


@pytest.fixture
def finished(studio: Studio) -> Generation:
    """Two clips, and a video."""
    return studio.made(clips=2)


def regenerate(
    client: JsonClient, generation: Generation, position: int = 2, *, key: str = "", **body: Any
) -> Any:
    address = f"{GENERATIONS}/{generation.pk}/clips/{position}/regenerate"
    return client.post(address, body, headers={"Idempotency-Key": key} if key else {})


def version_of(answer: Any) -> Generation:
    assert answer.status_code == 202, answer.content
    return Generation.objects.get(pk=answer.json()["id"])
