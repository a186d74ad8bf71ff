"""The synchronous sender against the layer that it imitates."""

import asyncio
from typing import Any

from channels.layers import get_channel_layer

from videogen.kernel.channel import group_publish


async def published(group: str, message: dict[str, Any]) -> dict[str, Any]:
    """What a member of the group receives of `message`."""
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(group, channel)
    await asyncio.to_thread(group_publish, group, message)
    try:
        return dict(await asyncio.wait_for(layer.receive(channel), timeout=5))
    finally:
        await layer.flush()


def test_the_channel_layer_reads_what_is_published() -> None:
    message = {"type": "progress.event", "event": {"sequence": 1, "message": "Ein Café", "position": None}}
    assert asyncio.run(published("generation.1", message)) == message
