"""A conversation that was put back goes on where it was: what was paid for is not asked again."""

import hashlib
import json
import logging
from dataclasses import asdict, dataclass, field

from django.conf import settings
from redis.exceptions import RedisError

from analysis.engines.openai.wire import Caller, Question, Reply, Usage
from analysis.errors import Truncated
from videogen.kernel.errors import Postponed
from videogen.kernel.outage import Outage
from videogen.kernel.redis import cache_redis

logger = logging.getLogger(__name__)

_outage = Outage(logger, "what was put back half way is asked from its beginning")


@dataclass
class ResumingCaller:
    """A `Caller` that, after a `Postponed`, repeats to the same ticket what was said before it.

    What it repeats has no usage: it is in the ledger already. Without a ticket, or without Redis,
    everything is asked again.
    """

    caller: Caller
    ticket: str
    #: Texts by question; None for an answer that was cut off.
    _said: dict[str, str | None] = field(default_factory=dict, init=False)

    def call(self, task: str, question: Question, *, version: str, attempt: int) -> Reply:
        """See `Caller`."""
        if attempt == 1:
            self._said = self._kept(task)
        name = hashlib.sha256(json.dumps(asdict(question), sort_keys=True).encode()).hexdigest()
        if name not in self._said:
            return self._asked(name, task, question, version=version, attempt=attempt)
        text = self._said[name]
        if text is None:
            raise Truncated("The answer did not end.", max_output_tokens=question.max_output_tokens)
        return Reply(text, Usage())

    def _asked(self, name: str, task: str, question: Question, *, version: str, attempt: int) -> Reply:
        try:
            reply = self.caller.call(task, question, version=version, attempt=attempt)
        except Truncated:
            self._said[name] = None
            raise
        except Postponed:
            self._keep(task)
            raise
        self._said[name] = reply.text
        return reply

    def _kept(self, task: str) -> dict[str, str | None]:
        try:
            text = cache_redis().get(self._key(task))
        except RedisError as error:
            _outage.began(error)
            return {}
        _outage.ended()
        said: dict[str, str | None] = json.loads(text) if text else {}
        return said

    def _keep(self, task: str) -> None:
        if not (self.ticket and self._said):
            return
        try:
            cache_redis().set(self._key(task), json.dumps(self._said), ex=settings.ANALYSIS_MAX_WAIT_SECONDS)
        except RedisError as error:
            _outage.began(error)

    def _key(self, task: str) -> str:
        return f"said:{self.ticket}:{task}"
