"""Tickets for WebSockets."""

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from generations.api import examples, shapes
from generations.api.base import ApiView, caller
from generations.api.schema import answer, operation
from videogen.accounts.models import ApiKey, Scope
from videogen.accounts.tickets import TICKET_SECONDS, ticket_create


class TicketsView(ApiView):
    """`/ws-tickets`."""

    needed_scope = Scope.READ  # It changes nothing; a key that may look may follow.

    @operation(
        "ws_tickets_create",
        "WebSocket",
        "Get a ticket for a WebSocket",
        "For browsers, whose WebSockets cannot send a header. It opens one socket, once, within its time.",
        answers={201: answer(shapes.Ticket, examples.TICKET)},
    )
    def post(self, request: Request) -> Response:
        ticket = ticket_create(caller(request), request.auth if isinstance(request.auth, ApiKey) else None)
        body = {
            "ticket": ticket,
            "expires_in_seconds": TICKET_SECONDS,
            "url": f"{settings.PUBLIC_WS_URL}/ws/generations?ticket={ticket}",
        }
        return Response(body, status=201, headers={"Cache-Control": "no-store"})
