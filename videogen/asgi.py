"""WebSockets: served by uvicorn. REST lives in `wsgi`."""

import gc
import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "videogen.settings")
http = get_asgi_application()  # First: it loads the apps that routing imports.

from generations.realtime.routing import websocket  # noqa: E402

application = ProtocolTypeRouter({"http": http, "websocket": websocket})

gc.collect()
gc.freeze()  # What is loaded stays: no collection need look at it again.
