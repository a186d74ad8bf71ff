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
# nobody hears anything. So what is loaded, and stays, is never looked at again; and one comes for some 10,000
# new sockets, not each time that what is alive has grown by a quarter. What waits for it is uvicorn's HTTP
# parser of each socket that has ended, about 4 KB.
gc.collect()
gc.freeze()
gc.set_threshold(700, 10, 300)
