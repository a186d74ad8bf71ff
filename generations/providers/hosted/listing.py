"""The search for a prediction whose answer was lost, among those that Replicate lists, newest first."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from django.conf import settings

from generations.providers.base import Found, Job, Sought
from generations.providers.hosted.exchanges import look
from generations.providers.hosted.failures import look_failure
from generations.providers.hosted.inputs import stands_for_files
from generations.providers.hosted.vendors import REPLICATE

MAX_PAGES = 10
#: How far the two clocks may be apart.
EARLY = timedelta(seconds=60)
LATE = timedelta(seconds=120)


async def find_prediction(sought: Sought, client: httpx.AsyncClient) -> Found:
    """The one that it must be. Where several may be it, or the list is cut short, nothing is certain."""
    search = _Search(sought)
    async for item in _listed(client):
        if item is None or search.is_over(item):
            break
        search.look_at(item)
    else:
        search.is_whole = False
    return search.outcome()


async def _listed(client: httpx.AsyncClient) -> AsyncIterator[Mapping[str, Any] | None]:
    """Each prediction, newest first, and None at the end of the list. Stops without one after MAX_PAGES."""
    url = f"{REPLICATE.url}/predictions"
    for _ in range(MAX_PAGES):
        answer = await look(REPLICATE, client, "GET", url)
        items = answer.members.get("results")
        if not (answer.is_success and isinstance(items, list)):
            raise look_failure(REPLICATE, answer)
        for item in items:
            yield item if isinstance(item, dict) else {}
        if not answer.word("next"):
            yield None
            return
        # Only the cursor is taken from the answer: the key goes nowhere else.
        url = f"{REPLICATE.url}/predictions?{answer.word('next').partition('?')[2]}"


@dataclass
class _Search:
    """What has been seen so far. `doubtful` are those that cannot be told from the one that is sought."""

    sought: Sought
    by_webhook: str = ""
    alike: tuple[str, ...] = ()
    doubtful: int = 0
    is_whole: bool = True

    def is_over(self, item: Mapping[str, Any]) -> bool:
        """Whether it was found, or all that follow are too old."""
        created_at = _created_at(item)
        return bool(self.by_webhook) or (created_at is not None and created_at < self.sought.sent_at - EARLY)

    def look_at(self, item: Mapping[str, Any]) -> None:
        """Whether this is it."""
        job_id, webhook = item.get("id"), item.get("webhook")
        if not isinstance(job_id, str) or not job_id:
            self.doubtful += 1
        elif job_id in self.sought.taken:
            return  # It is another call's, however alike the two are.
        elif isinstance(webhook, str) and webhook:
            # It says whose it is, and nothing else has to be compared.
            if self.sought.token and _last_part(webhook) == self.sought.token:
                self.by_webhook = job_id
        elif self._may_be(item):
            is_legible = bool(item.get("input")) and _created_at(item) is not None
            if not is_legible:
                self.doubtful += 1
            elif _is_same(item["input"], self.sought.input):
                self.alike += (job_id,)

    def outcome(self) -> Found:
        """What it came to."""
        if self.by_webhook:
            return Found(Job(self.by_webhook, self.sought.model))
        if len(self.alike) == 1 and not self.doubtful and self.is_whole:
            return Found(Job(self.alike[0], self.sought.model))
        return Found(is_certain=not self.alike and not self.doubtful and self.is_whole)

    def _may_be(self, item: Mapping[str, Any]) -> bool:
        """By its model and its time, as far as it says them."""
        name, _, version = self.sought.model.partition(":")
        if item.get("model", name) != name or (version and item.get("version", version) != version):
            return False
        latest = self.sought.sent_at + timedelta(seconds=settings.PROVIDER_TIMEOUT_SECONDS) + LATE
        created_at = _created_at(item)
        return created_at is None or created_at <= latest


def _last_part(webhook: str) -> str:
    return webhook.partition("?")[0].rstrip("/").rpartition("/")[2]


def _is_same(listed: Any, sent: Mapping[str, Any]) -> bool:
    """Whether all that was sent is there. The service may have added what we left out.

    Of a file it is not known here how it was sent.
    """
    return isinstance(listed, dict) and all(
        name in listed and (stands_for_files(value) or listed[name] == value) for name, value in sent.items()
    )


def _created_at(item: Mapping[str, Any]) -> datetime | None:
    try:
        at = datetime.fromisoformat(item["created_at"])
    except (KeyError, TypeError, ValueError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
