"""What the page of costs needs beside Django's own: money, counts, durations, and lengths in an SVG."""

from django import template

from videogen.kernel.admin import formatting

register = template.Library()

for name in ("count", "duration", "share", "usd", "words"):
    register.filter(name, getattr(formatting, name))


@register.filter
def percent(number: float) -> str:
    """A length in an SVG."""
    return f"{number:.3f}%"
