"""WebSockets: served by uvicorn. REST lives in `wsgi`."""

import gc
import os
from itertools import count
from typing import Any

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "videogen.settings")
http = get_asgi_application()  # First: it loads the apps that routing imports.

from generations.realtime.routing import websocket  # noqa: E402

#: So many sockets that have ended are collected together: what uvicorn and websockets keep of each refers to
#: itself, with what its client had sent.
ENDED_TOGETHER = 500

by_protocol = ProtocolTypeRouter({"http": http, "websocket": websocket})
_ended = count(1)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """One socket, or one request."""
    try:
        await by_protocol(scope, receive, send)
    finally:
        if next(_ended) % ENDED_TOGETHER == 0:
            gc.collect()


# A full collection looks at everything that is alive, with 2,000 sockets for a quarter of a second, in which
# nobody hears anything. So what is loaded, and stays, is never looked at again; and sockets that come bring
# one for some 10,000 of them, not for every quarter more. Those that end have theirs above.
gc.collect()
gc.freeze()
gc.set_threshold(700, 10, 300)
