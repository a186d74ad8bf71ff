"""A test server that the settings point at, and questions to ask it."""

from collections.abc import Iterator

import pytest

from analysis.engines.openai.chat import ChatTransport
from analysis.engines.openai.responses import ResponsesTransport
from analysis.engines.openai.wire import CallFailed, Question, Reply, Transport, Turn
from analysis.testing.openai_server import OpenAIServer

KEY = "sk-test-0123456789abcdef"
SCHEMA = {
    "type": "object",
    "properties": {
        "subject": {"type": "string", "maxLength": 200},
        "weather": {"type": "string", "enum": ["rain", "clear"]},
        "positions": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2},
    },
    "required": ["subject", "weather", "positions"],
    "additionalProperties": False,
}
SAID = '{"prompt": "A paper boat on the Danube, at dawn in October"}'
QUESTION = Question(
    model="gpt-6-luna",
    instructions="Say what the prompt shows.",
    turns=(Turn("user", SAID),),
    schema_name="prompt_analysis",
    schema=SCHEMA,
    max_output_tokens=2000,
)
TRANSPORTS: list[Transport] = [ResponsesTransport(), ChatTransport()]


@pytest.fixture
def openai_server(settings) -> Iterator[OpenAIServer]:
    """A server without limits or latency, and the settings to reach it."""
    with OpenAIServer() as server:
        settings.OPENAI_BASE_URL = server.url
        settings.OPENAI_API_KEY = KEY
        settings.MODERATION_MODEL = "omni-moderation-latest"
        yield server


@pytest.fixture(params=TRANSPORTS, ids=lambda transport: transport.name)
def transport(request: pytest.FixtureRequest) -> Transport:
    """Each transport in turn."""
    chosen: Transport = request.param
    return chosen


def ask(transport: Transport, question: Question = QUESTION, *, timeout_seconds: float = 5.0) -> Reply:
    """Send the question, with nobody who would stop it."""
    return transport.send(question, timeout_seconds=timeout_seconds, tick=lambda: None)


def failure(
    transport: Transport, question: Question = QUESTION, *, timeout_seconds: float = 5.0
) -> CallFailed:
    """How the call fails; a test that expects a failure and gets an answer has failed."""
    with pytest.raises(CallFailed) as caught:
        ask(transport, question, timeout_seconds=timeout_seconds)
    return caught.value
