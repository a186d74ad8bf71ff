"""The choice of the protocol that is spoken."""

from django.conf import settings

from analysis.engines.openai.chat import ChatTransport
from analysis.engines.openai.responses import ResponsesTransport
from analysis.engines.openai.wire import Transport

TRANSPORTS: dict[str, type[Transport]] = {"responses": ResponsesTransport, "chat": ChatTransport}


def transport_chosen() -> Transport:
    """The one that OPENAI_TRANSPORT names."""
    return TRANSPORTS[settings.OPENAI_TRANSPORT]()
