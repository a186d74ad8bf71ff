"""What every socket has looked up from time to time: for all sockets of a process in one question.

If each asked on its own, 2,000 sockets would be 200 queries a second, and news would wait behind them.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from django.db import InterfaceError, OperationalError

from generations.realtime.authentication import Caller, callers_welcome
from generations.services.following import last_sequences

logger = logging.getLogger(__name__)

#: So often it is seen who is due.
ROUND_SECONDS = 0.5
#: So many are asked about at once.
MOST_AT_ONCE = 500


class Watcher(Protocol):
    """A socket. Nothing is looked up for it before `look_at`, by the clock of the event loop."""

    caller: Caller
    look_at: float

    def look_begins(self) -> list[UUID]:
        """The generations that it follows. It sets `look_at` anew; what is asked for meanwhile holds."""

    def hear_time(self, now: float) -> None:
        """The time of the event loop, once a round."""

    def hear_look(self, *, is_welcome: bool, followed: Sequence[UUID], newest: Mapping[UUID, int]) -> None:
        """Whether its caller may still watch, and the newest event of each that it followed; of those that
        are gone there is none.
        """


class Rounds:
    """Begin with the first watcher, and end with the last."""

    def __init__(self) -> None:
        self._watchers: set[Watcher] = set()
        self._walk: asyncio.Task[None] | None = None

    def join(self, watcher: Watcher) -> None:
        self._watchers.add(watcher)
        if self._walk is None or self._walk.done():
            self._begin()

    def leave(self, watcher: Watcher) -> None:
        self._watchers.discard(watcher)

    def _begin(self) -> None:
        self._walk = asyncio.create_task(self._go())
        self._walk.add_done_callback(self._ended)

    def _ended(self, walk: "asyncio.Task[None]") -> None:
        if not walk.cancelled() and (error := walk.exception()):
            logger.error("The sockets of this process were not looked after", exc_info=error)
            self._begin()

    async def _go(self) -> None:
        while self._watchers:
            await asyncio.sleep(ROUND_SECONDS)
            now = asyncio.get_running_loop().time()
            for watcher in list(self._watchers):
                watcher.hear_time(now)
            due = [watcher for watcher in self._watchers if watcher.look_at <= now]
            try:
                for start in range(0, len(due), MOST_AT_ONCE):
                    await _look(due[start : start + MOST_AT_ONCE])
            except (OperationalError, InterfaceError) as error:
                logger.warning("Sockets wait, the database is away: %s", error)


async def _look(watchers: Collection[Watcher]) -> None:
    followed = {watcher: watcher.look_begins() for watcher in watchers}
    welcome = await database_sync_to_async(callers_welcome)({watcher.caller for watcher in watchers})
    ids = {generation_id for each in followed.values() for generation_id in each}
    newest = await database_sync_to_async(last_sequences)(generation_ids=ids) if ids else {}
    for watcher, its_own in followed.items():
        watcher.hear_look(is_welcome=watcher.caller in welcome, followed=its_own, newest=newest)


_rounds: "WeakKeyDictionary[asyncio.AbstractEventLoop, Rounds]" = WeakKeyDictionary()


def rounds() -> Rounds:
    """Those of the running event loop."""
    return _rounds.setdefault(asyncio.get_running_loop(), Rounds())
