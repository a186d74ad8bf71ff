"""Whether the words of a request may be worked on: asked when it comes, and again before money is spent."""

import logging
import threading
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from analysis.errors import EngineFailed
from analysis.services import CallContext, texts_moderate
from videogen.kernel.errors import Postponed

logger = logging.getLogger(__name__)

#: So many threads of a web process may wait for moderation at once; the others answer who polls.
ASKING_THREADS = 2
ASKING_PATIENCE_SECONDS = 1.0
_asking = threading.BoundedSemaphore(ASKING_THREADS)


def request_moderate(request: Mapping[str, Any]) -> None:
    """With MODERATION=request, ask at once. Raises `Unsafe`. It may take seconds, so hold no lock.

    Where it cannot be known now, or others ask already, the request is let through: its first stages
    ask again.
    """
    if settings.MODERATION != "request" or not _asking.acquire(blocking=False):
        return
    try:
        texts_moderate(texts=_texts(request), part="input")
    except (EngineFailed, Postponed) as error:
        logger.warning("Moderation cannot be asked now, the stage will: %s", error)
    finally:
        _asking.release()


def words_moderate(text: str) -> None:
    """For words that no stage will ask about again. Raises `Unsafe`, or why it cannot be known now."""
    if not _asking.acquire(timeout=ASKING_PATIENCE_SECONDS):
        raise Postponed("Moderation is busy; ask again in a moment.", seconds=5, code="moderation.busy")
    try:
        texts_moderate(texts=[text], part="input")
    finally:
        _asking.release()


def input_moderate(request: Mapping[str, Any], context: CallContext) -> tuple[str, ...]:
    """What the first stages ask. Raises `Unsafe`, or why it cannot be known; answers warnings.

    All of them ask about all texts at once, so that one verdict, which is remembered, serves them all.
    """
    return texts_moderate(texts=_texts(request), part="input", context=context)


def _texts(request: Mapping[str, Any]) -> list[str]:
    brand = request.get("brand") or {}
    named = [brand.get(name, "") for name in ("name", "tone", "guidelines")]
    return [request["prompt"], request.get("style", ""), *named]
