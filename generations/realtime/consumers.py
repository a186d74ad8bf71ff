"""One socket: what its client says, what it hears from the process's hub, and the one task that writes to it.

A subscription joins the hub before it reads rows, and drops repeats: no gap,
no duplicate. Hints that were lost are found by comparing numbers, at the latest after `CHECK_SECONDS`
(`generations.realtime.rounds`).
"""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import orjson
from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import InterfaceError, OperationalError
from redis.exceptions import RedisError

from generations.realtime.authentication import Caller, caller_of
from generations.realtime.commands import (
    Malformed,
    Ping,
    Subscribe,
    Unsubscribe,
    after_parse,
    command_parse,
    generation_id_parse,
)
from generations.realtime.hub import hub
from generations.realtime.refusals import CloseCode, Refused, away
from generations.realtime.rounds import rounds
from generations.realtime.subscription import Subscription
from generations.services.following import EVENTS_AT_ONCE, events_after, generation_snapshot

logger = logging.getLogger(__name__)

MOST_SUBSCRIPTIONS = 100
MOST_MALFORMED = 20
MOST_REPLIES = 200
SEND_SECONDS = 10.0
CHECK_SECONDS = 20.0

#: A Redis that has just been asked to subscribe may still publish first, so the first look is early;
#: and what failed because a server was away is tried again as soon.
SOON_SECONDS = 1.0

AWAY = (OperationalError, InterfaceError, RedisError)


class GenerationsConsumer(AsyncWebsocketConsumer):
    """Follows up to 100 generations, or from the start the one that its path names."""

    channel_layer_alias = None  # The hub reads the channel layer for all sockets.

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.subscriptions: dict[UUID, Subscription] = {}
        self.writer: asyncio.Task[None] | None = None
        try:
            await super().__call__(scope, receive, send)
        finally:  # However it has ended.
            rounds().leave(self)
            if self.writer:
                self.writer.cancel()
                self.writer = None  # The exception that ends it holds its frames, and those hold this socket.
            for generation_id in list(self.subscriptions):
                await self._unsubscribe(generation_id)

    async def dispatch(self, message: dict[str, Any]) -> None:
        # Channels' own closes stale database connections first, which costs a change of thread for
        # each message; every query here does that itself.
        await getattr(self, get_handler_name(message))(message)

    # From the client

    async def connect(self) -> None:
        self.replies: deque[dict[str, Any]] = deque()
        self.ending: Refused | None = None
        self.malformed = 0
        self.wake = asyncio.Event()
        self.gone: list[UUID] = []
        self.writing_since: float | None = None
        self.is_stuck = False
        self.look_at = asyncio.get_running_loop().time() + CHECK_SECONDS
        await self.accept()
        try:
            self.caller: Caller = await database_sync_to_async(caller_of)(self.scope)
            if "generation_id" in self.scope["url_route"]["kwargs"]:
                await self._subscribe_from_path()
        except Refused as refused:
            self._end(refused)
        except Malformed as error:
            self._end(Refused(CloseCode.MALFORMED, str(error)))
        except AWAY as error:
            logger.warning("A socket is refused, a server is away: %r", error)
            self._end(away())
        self.writer = asyncio.create_task(self._write_on())
        self.writer.add_done_callback(self._writer_ended)
        if not self.ending:
            rounds().join(self)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.ending:
            return
        try:
            match command_parse(text_data):
                case Ping():
                    self._reply({"type": "pong"})
                case Subscribe(generation_id, after):
                    await self._subscribe_or_say_why(generation_id, after)
                case Unsubscribe(generation_id):
                    await self._unsubscribe(generation_id)
                    self._reply({"type": "unsubscribed", "generation_id": str(generation_id)})
        except Malformed as error:
            self._object("malformed", str(error))
            self.malformed += 1
            if self.malformed > MOST_MALFORMED:
                self._end(Refused(CloseCode.MALFORMED, "Too many malformed messages."))

    # From the hub

    def hear_event(self, event: dict[str, Any]) -> None:
        if subscription := self.subscriptions.get(UUID(event["generation_id"])):
            subscription.hear_event(event)
            self.wake.set()

    def hear_percentage(self, message: dict[str, Any]) -> None:
        if subscription := self.subscriptions.get(UUID(message["generation_id"])):
            subscription.hear_percentage(message)
            self.wake.set()

    # Subscriptions

    async def _subscribe_from_path(self) -> None:
        query = parse_qs(self.scope["query_string"].decode("latin-1"))
        after = after_parse(query.get("after", ["0"])[0])
        generation_id = generation_id_parse(self.scope["url_route"]["kwargs"]["generation_id"])
        if generation_id is None or not await self._subscribe(generation_id, after):
            raise Refused(CloseCode.NOT_FOUND, "There is no such generation.")

    async def _subscribe_or_say_why(self, generation_id: UUID, after: int) -> None:
        about = {"generation_id": str(generation_id)}
        if len(self.subscriptions) >= MOST_SUBSCRIPTIONS and generation_id not in self.subscriptions:
            message = f"One socket follows at most {MOST_SUBSCRIPTIONS} generations; open another."
            self._object("subscription.too_many", message, **about)
            return
        try:
            if not await self._subscribe(generation_id, after):
                self._object("not_found", "There is no such generation.", **about)
        except AWAY as error:
            logger.warning("A subscription is refused, a server is away: %r", error)
            self._object("unavailable", "The service is away for a moment; subscribe again.", **about)

    async def _subscribe(self, generation_id: UUID, after: int) -> bool:
        """Join, then let the writer read the rows. False when this caller may not see it."""
        snapshot = await database_sync_to_async(generation_snapshot)(
            user=self.caller.user, generation_id=generation_id
        )
        if snapshot is None:
            return False
        await hub().join(generation_id, self)
        # A number from the future would silence all events up to it.
        self.subscriptions[generation_id] = Subscription(
            generation_id, after=min(after, snapshot["sequence"])
        )
        self.look_at = min(self.look_at, asyncio.get_running_loop().time() + SOON_SECONDS)
        self._reply(snapshot)
        return True

    async def _unsubscribe(self, generation_id: UUID) -> None:
        if self.subscriptions.pop(generation_id, None) is None:
            return
        try:
            await hub().leave(generation_id, self)
        except RedisError as error:
            logger.info("Redis is away; until it is told, it sends hints for nobody: %s", error)

    # From the rounds

    def look_begins(self) -> list[UUID]:
        self.look_at = asyncio.get_running_loop().time() + CHECK_SECONDS
        return list(self.subscriptions)

    def hear_look(self, *, is_welcome: bool, followed: Sequence[UUID], newest: Mapping[UUID, int]) -> None:
        """Whether the caller may still watch, and whether a hint was lost."""
        if not is_welcome:
            self._end(Refused(CloseCode.NOT_AUTHENTICATED, "The key or session of this socket has ended."))
        for generation_id in followed:
            if generation_id not in newest:
                self.gone.append(generation_id)
            elif subscription := self.subscriptions.get(generation_id):
                subscription.hear_sequence(newest[generation_id])
        self.wake.set()

    def hear_time(self, now: float) -> None:
        """Give up on a client that has not read for `SEND_SECONDS`."""
        if self.writer is None or self.writing_since is None or self.ending:
            return
        if now - self.writing_since < SEND_SECONDS:
            return
        self._end(Refused(CloseCode.TOO_SLOW, "You read too slowly; connect again with ?after=N."))
        self.is_stuck = True
        self.writer.cancel()

    # To the client

    def _reply(self, message: dict[str, Any]) -> None:
        self.replies.append(message)
        if len(self.replies) > MOST_REPLIES:
            self.replies.clear()
            self._end(Refused(CloseCode.TOO_SLOW, "You ask faster than you read."))
        self.wake.set()

    def _object(self, code: str, message: str, **about: str) -> None:
        self._reply({"type": "error", "code": code, "message": message, **about})

    def _end(self, refused: Refused) -> None:
        self.ending = self.ending or refused.with_traceback(None)  # Whose frames hold this socket.
        self.wake.set()

    async def _write_on(self) -> None:
        """Write whatever there is to write, until the socket is closed."""
        while not self.ending:
            try:
                await self.wake.wait()
                self.wake.clear()
                await self._write_all()
            except AWAY as error:
                logger.warning("A socket waits, a server is away: %s", error)
                await asyncio.sleep(SOON_SECONDS)
                self.wake.set()
            except asyncio.CancelledError:
                if not (self.is_stuck and self.writer):
                    raise
                self.is_stuck = False
                self.writer.uncancel()
        for generation_id in list(self.subscriptions):
            await self._unsubscribe(generation_id)
        # For a client that has stopped reading this waits, holding nothing, until it reads or goes away.
        await self.close(self.ending.code, str(self.ending))

    async def _write_all(self) -> None:
        while self.gone:
            generation_id = self.gone.pop()
            await self._unsubscribe(generation_id)
            self._object("deleted", "This generation was deleted.", generation_id=str(generation_id))
        while self.replies:
            await self._write(self.replies.popleft())
        for subscription in list(self.subscriptions.values()):
            await self._write_subscription(subscription)

    async def _write_subscription(self, subscription: Subscription) -> None:
        while True:
            for message in subscription.take():
                await self._write(message)
            if not subscription.behind:
                return
            events = await database_sync_to_async(events_after)(
                generation_id=subscription.generation_id, after=subscription.sequence
            )
            subscription.behind = len(events) == EVENTS_AT_ONCE
            for event in subscription.advance(events):
                await self._write(event)

    async def _write(self, message: dict[str, Any]) -> None:
        if not self.ending:
            self.writing_since = asyncio.get_running_loop().time()
            await self.send(text_data=orjson.dumps(message).decode())
            self.writing_since = None

    def _writer_ended(self, writer: "asyncio.Task[None]") -> None:
        error = None if writer.cancelled() else writer.exception()
        if error and not isinstance(error, OSError):  # An OSError says that the client has gone.
            logger.error("Nothing writes to this socket any more", exc_info=error)
            self.last_word = asyncio.ensure_future(self.close(CloseCode.BROKEN))


class NowhereConsumer(AsyncWebsocketConsumer):
    """Any other path: says so."""

    channel_layer_alias = None

    async def connect(self) -> None:
        await self.accept()
        await self.close(CloseCode.NOT_FOUND, "Sockets are at /ws/generations and /ws/generations/{id}.")
