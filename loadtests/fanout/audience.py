"""Many WebSocket clients in one process. Each notes when an event reached it."""

import asyncio
import gc
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection

import orjson
from websockets.asyncio.client import ClientConnection, connect

AT_ONCE = 20

#: Of a delivery: the socket, the generation, the event's number, and when it came.
Heard = tuple[int, str, int, float]


def serve(orders: Connection, url: str, api_key: str) -> None:
    """`("open", ids)` opens a socket for each and closes those before; `("count",)` and `("hear",)` tell what
    all heard since.
    """
    gc.disable()  # What it keeps would be looked through again and again, and count as the server's time.
    asyncio.run(Audience(url, api_key).serve(orders))


class Audience:
    """The sockets of one process."""

    def __init__(self, url: str, api_key: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {api_key}"}
        self._heard: list[Heard] = []
        self._ended: list[str] = []
        self._listeners: list[asyncio.Task[None]] = []
        self._sockets: list[ClientConnection] = []

    async def serve(self, orders: Connection) -> None:
        while True:
            match await asyncio.to_thread(orders.recv):
                case ("open", ids):
                    await self._open(ids)
                    orders.send(len(self._listeners))
                case ("count",):
                    orders.send(len(self._heard))
                case ("hear",):
                    orders.send((self._heard, self._ended))
                    self._heard = []

    async def _open(self, ids: Sequence[str]) -> None:
        await self._close()
        turn = asyncio.Semaphore(AT_ONCE)

        async def one(generation_id: str) -> None:
            async with turn:
                socket = await connect(
                    f"{self._url}/ws/generations/{generation_id}",
                    additional_headers=self._headers,
                    proxy=None,
                    open_timeout=60,
                    compression=None,
                )
                await socket.recv()  # The snapshot.
            number = len(self._sockets)
            self._sockets.append(socket)
            self._listeners.append(asyncio.create_task(self._listen(number, socket)))

        await asyncio.gather(*(one(generation_id) for generation_id in ids))

    async def _close(self) -> None:
        for listener in self._listeners:
            listener.cancel()
        await asyncio.gather(*(socket.close() for socket in self._sockets))
        self._listeners, self._sockets = [], []

    async def _listen(self, number: int, socket: ClientConnection) -> None:
        async for text in socket:
            came = time.monotonic()
            message = orjson.loads(text)
            if message["type"] == "event":
                self._heard.append((number, message["generation_id"], message["sequence"], came))
        self._ended.append(f"socket {number}: {socket.close_code} {socket.close_reason}")
