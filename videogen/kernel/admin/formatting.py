"""How the admin shows states, shares, moments, durations and money."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

MINUTE, HOUR, DAY = 60, 3600, 86_400

#: Stands where there is nothing to show.
NONE = "\N{EM DASH}"


def words(name: str) -> str:
    """A status or a stage as people write it."""
    return name.replace("_", " ")


def short_id(pk: UUID) -> str:
    """The start of an id: enough to tell rows apart, and to search for."""
    return pk.hex[:8]


def badge(status: str) -> SafeString:
    """A status as a coloured word; the colour only repeats what the word says."""
    return format_html('<span class="vg-badge vg-{}">{}</span>', status, words(status))


def percentage_bar(percentage: int) -> SafeString:
    """A bar and its number. `<progress>` needs no inline style, so a strict CSP lets it be."""
    return format_html(
        '<span class="vg-bar"><progress max="100" value="{0}">{0}&nbsp;%</progress> {0}&nbsp;%</span>',
        percentage,
    )


def duration(seconds: float | None) -> str:
    """At most two units: 4.2 s, 3 min 05 s, 2 h 14 min, 3 d 4 h."""
    if seconds is None:
        return NONE
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE:02} s"
    if whole < DAY:
        return f"{whole // HOUR} h {whole % HOUR // MINUTE:02} min"
    return f"{whole // DAY} d {whole % DAY // HOUR} h"


def between(start: datetime | None, end: datetime | None) -> float | None:
    """Seconds from `start` to `end`, or until now where it has not ended; None where it has not begun."""
    return ((end or timezone.now()) - start).total_seconds() if start else None


def age(at: datetime | None, suffix: str = "") -> SafeString | str:
    """How long it has been, with the exact moment at hand."""
    if at is None:
        return NONE
    return format_html(
        '<time datetime="{}" title="{}">{}{}</time>',
        at.isoformat(),
        f"{at:%Y-%m-%d %H:%M:%S} UTC",
        duration(between(at, None)),
        suffix,
    )


def moment(at: datetime | None) -> SafeString | str:
    """How long ago it was."""
    return age(at, suffix=" ago")


def ahead(at: datetime | None) -> str:
    """How soon it will be."""
    if at is None:
        return NONE
    left = between(timezone.now(), at) or 0
    return f"in {duration(left)}" if left > 0 else "now"


def clock(at: datetime) -> str:
    """To the millisecond, for lines that are compared with each other."""
    return f"{at:%d %b %H:%M:%S}.{at.microsecond // 1000:03}"


def usd(amount: Decimal | None) -> str:
    """Dollars and cents; below a cent the first two digits that are not 0, so that nothing looks free."""
    if amount is None:
        return NONE
    if not 0 < amount < Decimal("0.01"):
        return f"${amount:,.2f}"
    return f"${amount:.{min(1 - amount.adjusted(), 9)}f}"


def price(amount: Decimal) -> str:
    """Dollars with every digit, and cents at least."""
    digits = -int(amount.normalize().as_tuple().exponent)
    return f"${amount:.{max(digits, 2)}f}"


def count(number: int) -> str:
    """A whole number with its thousands apart."""
    return f"{number:,}"


def share(part: int | Decimal, whole: int | Decimal) -> str:
    """A part as whole percent; nothing where there is no whole."""
    return f"{100 * float(part) / float(whole):.0f} %" if whole else ""
