"""What the operator's templates need: the formats of the lists, and the status board."""

from django import template

from generations.admin.state import run_badge
from generations.admin.status_board import StatusBoard, status_board
from videogen.kernel.admin import formatting

register = template.Library()

register.filter("run_badge", run_badge)
for name in ("badge", "clock", "duration", "moment", "percentage_bar", "short_id", "usd", "words"):
    register.filter(name, getattr(formatting, name))


@register.filter
def percent(number: float) -> str:
    """A length in an SVG."""
    return f"{number:.2f}%"


@register.inclusion_tag("admin/status_board.html", name="status_board")
def show_status_board() -> dict[str, StatusBoard]:
    """The board of the first page."""
    return {"board": status_board()}
