"""What the operator's templates need: the formats of the lists, and the status board."""

from typing import Any

from django import template
from django.template import Context

from generations.admin.state import call_badge, run_badge
from generations.admin.status_board import status_board
from videogen.kernel.admin import formatting

register = template.Library()

register.filter("run_badge", run_badge)
register.filter("call_badge", call_badge)
for name in (
    "badge",
    "clock",
    "count",
    "duration",
    "moment",
    "percentage_bar",
    "share",
    "short_id",
    "usd",
    "words",
):
    register.filter(name, getattr(formatting, name))


@register.filter
def percent(number: float) -> str:
    """A length in an SVG."""
    return f"{number:.2f}%"


@register.inclusion_tag("admin/status_board.html", name="status_board", takes_context=True)
def show_status_board(context: Context) -> dict[str, Any]:
    """The board of the first page."""
    return {"board": status_board(), "perms": context["perms"]}
