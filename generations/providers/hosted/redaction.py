"""What is kept or repeated of a service's words: no key, no signed address, no web page, nothing endless."""

import math
import re
from collections.abc import Mapping
from typing import Any

from generations.providers.hosted.vendors import FAL, REPLICATE

QUOTED_CHARACTERS = 300
KEPT_CHARACTERS = 2000
KEPT_ITEMS = 100
KEPT_DEPTH = 8
# What is shorter is no secret but a filler, such as `none`, and a word of other sentences as well.
KEY_CHARACTERS = 8
_SECRET = re.compile(r"\b(?:r8_|whsec_)[\w+/=*-]{3,}|\b(?:Bearer|Key)\s+[\w:.~+/=*-]{8,}", re.IGNORECASE)
_QUERY = re.compile(r"(https?://[^\s?#\"'<>]+)\?[^\s\"'<>]*")
_DATA = re.compile(r"data:[\w.+/-]+;base64,[\w+/=]{40,}")


def redacted(value: Any, depth: int = 0) -> Any:
    """A JSON value as it may be kept: without secrets, and cut where it is long, wide or deep."""
    if isinstance(value, str):
        return cut(without_secrets(value), KEPT_CHARACTERS)
    if depth >= KEPT_DEPTH and isinstance(value, Mapping | list):
        return "…"
    if isinstance(value, Mapping):
        members = list(value.items())[:KEPT_ITEMS]
        return {
            cut(without_secrets(name), QUOTED_CHARACTERS): redacted(of, depth + 1) for name, of in members
        }
    if isinstance(value, list):
        return [redacted(item, depth + 1) for item in value[:KEPT_ITEMS]]
    # JSON's own grammar has no way to say "infinite", yet 1e999 is read as that.
    return None if isinstance(value, float) and not math.isfinite(value) else value


def quoted(text: str) -> str:
    """One line of what a service says, for people; nothing where it is a web page."""
    if text.lstrip().startswith("<"):
        return ""
    # Enough to see a secret whole that begins before the cut.
    text = without_secrets(text[: 10 * QUOTED_CHARACTERS])
    line = "".join(character for character in " ".join(text.split()) if character.isprintable())
    return cut(line, QUOTED_CHARACTERS)


def without_secrets(text: str) -> str:
    """The text without our keys, without what looks like one, and without the queries of addresses."""
    for key in (REPLICATE.key, FAL.key):
        if len(key) >= KEY_CHARACTERS:
            text = text.replace(key, "(a key)")
    text = _SECRET.sub("(a key)", _DATA.sub("(a file)", text))
    return _QUERY.sub(r"\1?…", text)


def cut(text: str, characters: int) -> str:
    """At most so many characters; an ellipsis says that some are missing."""
    # PostgreSQL keeps neither NUL nor half of a surrogate pair.
    text = text.replace("\0", "").encode(errors="replace").decode()
    return text if len(text) <= characters else text[: characters - 1] + "…"
