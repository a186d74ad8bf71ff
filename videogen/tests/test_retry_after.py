"""What servers say about when to come back, and what they say instead."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from videogen.kernel.retry_after import duration_seconds, retry_after_seconds

HEADERS = {
    "seconds": ({"Retry-After": "90"}, 90),
    "fraction": ({"retry-after": "0.5"}, 0.5),
    "spaces": ({"RETRY-AFTER": " 7 "}, 7),
    "hours": ({"retry-after": "10800"}, 10800),
    "milliseconds": ({"Retry-After-Ms": "1500"}, 1.5),
    "milliseconds first": ({"retry-after": "9", "retry-after-ms": "20"}, 0.02),
    "garbage in front": ({"retry-after": "9", "retry-after-ms": "soon"}, 9),
    "negative": ({"retry-after": "-5"}, 0),
    "Go's form": ({"retry-after": "1m30s"}, 90),
    "date in the past": ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
    "words": ({"retry-after": "soon"}, None),
    "not a number": ({"retry-after": "nan"}, None),
    "endless": ({"retry-after": "inf"}, None),
    "impossible date": ({"retry-after": "Wed, 99 Foo 2015 77:28:00 GMT"}, None),
    "empty": ({"retry-after": ""}, None),
    "nothing": ({}, None),
}
BODIES = {
    "resets": ("Your rate limit resets in ~30s. Slow down.", 30),
    "again": ("Rate limit reached. Please try again in 1.2s. Visit the limits page.", 1.2),
    "milliseconds": ("Please try again in 120ms.", 0.12),
    "minutes": ("Please try again in 6m0s.", 360),
    "seconds in words": ("Please retry after 20 seconds.", 20),
    "capitals": ("TRY AGAIN IN 5S", 5),
    "member": ('{"error": {"retry_after": 12}}', 12),
    "member as text": ('{"retry_after": "2.5"}', 2.5),
    "negative member": ('{"retry_after": -3}', 0),
    "hours are not minutes": ("try again in 1h0m0s", 3600),
    "no number": ("Please try again in a moment.", None),
    "no unit": ("try again in 5 different ways", None),
    "other seconds": ("The request took 30s.", None),
}
DURATIONS = {"6m0s": 360, "12ms": 0.012, "1s": 1, "1h2m3.5s": 3723.5, "0s": 0, " 1s ": 1, "20µs": 2e-5}
NO_DURATIONS = ["", "s", "5", "1x", "-1s", "1s2", "1 s", "1..5s", "soon", "٣s", "9" * 400 + "s"]


@pytest.mark.parametrize(("headers", "expected"), HEADERS.values(), ids=HEADERS)
def test_headers_say_when(headers, expected):
    assert retry_after_seconds(headers) == expected


@pytest.mark.parametrize(("body", "expected"), BODIES.values(), ids=BODIES)
def test_a_body_says_when(body, expected):
    assert retry_after_seconds({}, body) == expected


def test_a_date_is_the_time_until_then():
    in_an_hour = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    assert retry_after_seconds({"retry-after": in_an_hour}) == pytest.approx(3600, abs=2)


def test_headers_go_before_the_body():
    assert retry_after_seconds({"retry-after": "4"}, "try again in 9s") == 4


def test_garbage_in_headers_leaves_the_body():
    assert retry_after_seconds({"retry-after": "soon"}, "try again in 9s") == 9


@pytest.mark.parametrize(("text", "expected"), DURATIONS.items())
def test_durations_are_read_as_go_writes_them(text, expected):
    assert duration_seconds(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", NO_DURATIONS)
def test_anything_else_is_no_duration(text):
    assert duration_seconds(text) is None
