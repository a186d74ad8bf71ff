"""WebSockets: served by uvicorn. REST lives in `wsgi`."""

import gc
import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "videogen.settings")
http = get_asgi_application()  # First: it loads the apps that routing imports.

from generations.realtime.routing import websocket  # noqa: E402

application = ProtocolTypeRouter({"http": http, "websocket": websocket})

# A full collection looks at everything that is alive, with 2,000 sockets for a quarter of a second, in which
# nobody hears anything. What is loaded stays, and is never looked at again; and full collections come once in
# some 20,000 sockets, not each time that there are a quarter more.
gc.collect()
gc.freeze()
gc.set_threshold(700, 10, 300)
