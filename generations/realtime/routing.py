"""The paths of the sockets."""

from channels.routing import URLRouter
from django.urls import path, re_path

from generations.realtime.consumers import GenerationsConsumer, NowhereConsumer

websocket = URLRouter(
    [
        path("ws/generations", GenerationsConsumer.as_asgi()),
        path("ws/generations/<str:generation_id>", GenerationsConsumer.as_asgi()),
        re_path("", NowhereConsumer.as_asgi()),
    ]
)
