"""What a client may say on a socket, and how it is told what was wrong."""

import json
from uuid import UUID

import pytest

from generations.realtime.commands import Malformed, Ping, Subscribe, Unsubscribe, command_parse

ID = UUID(int=7)


@pytest.mark.parametrize(
    ("message", "command"),
    [
        ({"type": "ping"}, Ping()),
        ({"type": "subscribe", "generation_id": str(ID)}, Subscribe(ID, after=0)),
        ({"type": "subscribe", "generation_id": str(ID), "after": 12}, Subscribe(ID, after=12)),
        (
            {"type": "subscribe", "generation_id": str(ID), "after": "2000000000"},
            Subscribe(ID, after=2 * 10**9),
        ),
        ({"type": "unsubscribe", "generation_id": str(ID)}, Unsubscribe(ID)),
    ],
)
def test_a_command_is_understood(message: dict[str, object], command: object) -> None:
    assert command_parse(json.dumps(message)) == command


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (None, "JSON"),
        ("", "JSON"),
        ("{", "JSON"),
        ("[" * 100_000, "JSON"),
        ("[]", "object"),
        ("{}", "type"),
        ('{"type": ["ping"]}', "type"),
        ('{"type": "subscribe"}', "generation_id"),
        ('{"type": "subscribe", "generation_id": 7}', "generation_id"),
        ('{"type": "subscribe", "generation_id": "seven"}', "generation_id"),
        (f'{{"type": "subscribe", "generation_id": "{ID}", "after": -1}}', "after"),
        (f'{{"type": "subscribe", "generation_id": "{ID}", "after": true}}', "after"),
        (f'{{"type": "subscribe", "generation_id": "{ID}", "after": 1.5}}', "after"),
        (f'{{"type": "subscribe", "generation_id": "{ID}", "after": 99999999999}}', "after"),
    ],
)
def test_a_malformed_message_is_answered_with_what_is_wrong(text: str | None, named: str) -> None:
    with pytest.raises(Malformed, match=named):
        command_parse(text)
