"""What the channel layer tells this process, handed to all of its sockets that follow it.

If each socket had a channel of its own, as is usual in Channels, every hint would be queued, read and
unpacked once for each of them, by a task of its own: most of what a delivery costs where thousands follow.
"""

import asyncio
import logging
from collections import defaultdict
from typing import Any, Protocol
from uuid import UUID
from weakref import WeakKeyDictionary

from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from generations.services.events import group_name

logger = logging.getLogger(__name__)

#: After a message that cannot be had, so that a failure that lasts does not fill the log.
PAUSE_SECONDS = 1.0


class Listener(Protocol):
    """A socket. It must not take long, nor wait: others come after it."""

    def hear_event(self, event: dict[str, Any]) -> None:
        """An event of a generation that it follows."""

    def hear_percentage(self, message: dict[str, Any]) -> None:
        """Something moved in one."""


class Hub:
    """Has one channel, which is in the groups of all generations that somebody follows."""

    def __init__(self) -> None:
        self._layer = get_channel_layer()
        self._listeners: defaultdict[str, set[Listener]] = defaultdict(set)
        self._channel = ""
        self._opening = asyncio.Lock()
        self._reading: asyncio.Task[None] | None = None

    async def join(self, generation_id: UUID, listener: Listener) -> None:
        """It hears what is published from about here on. Raises `RedisError`, and then it hears nothing."""
        await self._open()
        self._listeners[str(generation_id)].add(listener)
        try:
            await self._layer.group_add(group_name(generation_id), self._channel)
        except RedisError:
            # The layer has noted the membership already, and would keep it when the socket is gone.
            await self.leave(generation_id, listener)
            raise

    async def leave(self, generation_id: UUID, listener: Listener) -> None:
        """It hears nothing any more. Raises `RedisError`: the group is left all the same."""
        listeners = self._listeners[str(generation_id)]
        listeners.discard(listener)
        if not listeners:
            del self._listeners[str(generation_id)]
            await self._layer.group_discard(group_name(generation_id), self._channel)

    async def _open(self) -> None:
        async with self._opening:
            if not self._channel:
                self._channel = await self._layer.new_channel()
            if self._reading is None or self._reading.done():  # By a bug: asyncio logs it now.
                self._reading = asyncio.create_task(self._read_on())

    async def _read_on(self) -> None:
        while True:
            try:
                message = await self._layer.receive(self._channel)
            except (RedisError, OSError, ValueError):  # The last where it is not even msgpack.
                logger.exception("The channel layer cannot be read")
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                self._hand_on(message)
                await asyncio.sleep(0)  # What waits in a queue is read without a pause; let sockets write.

    def _hand_on(self, hint: object) -> None:
        """A hint may come from a process of another version: what is not understood is in the rows."""
        match hint:
            case {
                "type": "progress.event",
                "event": {"type": "event", "generation_id": str(about), "sequence": int()} as event,
            }:
                for listener in self._listeners.get(about, ()):
                    listener.hear_event(event)
            case {
                "type": "progress.percentage",
                "message": {
                    "type": "percentage",
                    "generation_id": str(about),
                    "percentage": int(),
                    "stage": str(),
                    "position": int() | None,
                } as message,
            }:
                for listener in self._listeners.get(about, ()):
                    listener.hear_percentage(message)
            case _:
                logger.error("A hint is not understood: %s", hint)


_hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = WeakKeyDictionary()


def hub() -> Hub:
    """The one of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]
