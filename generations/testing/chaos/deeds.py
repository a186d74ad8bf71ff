"""Doing what the plan says: to clients' generations, to the providers, to processes and to servers."""

import os
import random
import signal
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from redis.exceptions import RedisError
from rich.console import Console

from generations.models import Generation, ProviderCall
from generations.patience import patiently
from generations.services.call_decisions import call_adopt, call_write_off
from generations.services.generations import generation_cancel, generation_create, generation_retry
from generations.services.versions import clip_regenerate
from generations.states import GenerationStatus
from generations.testing.chaos.fleet import Fleet
from generations.testing.chaos.plan import Action
from generations.testing.chaos.points import trap_set, traps_clear
from generations.testing.chaos.world import Servers, World
from generations.testing.video_servers import Fault
from videogen.accounts.models import ApiKey
from videogen.accounts.services import api_key_create
from videogen.kernel.errors import DomainError
from videogen.kernel.redis import cache_redis, queue_redis
from videogen.stack.supervisor import Supervisor

REQUEST: Mapping[str, Any] = {
    "style": "",
    "brand": None,
    "resolution": "480p",
    "approval": "auto",
    "max_cost_usd": None,
    "metadata": {},
}


@dataclass
class Deeds:
    """Everything that can be done. `counts` has what was, `generations` the newest of each number."""

    console: Console
    fleet: Fleet
    servers: Servers
    supervisor: Supervisor
    traps: Path
    owner: User
    key: ApiKey
    generations: dict[int, Generation] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def do(self, action: Action) -> str:
        """Answers what came of it, in a few words."""
        try:
            came = getattr(self, action.verb)(**action.about)
        except DomainError as refused:
            came = f"refused: {refused.code}"
        self.counts[f"{action.verb}, refused" if came.startswith("refused") else action.verb] += 1
        return str(came)

    def submit(self, *, number: int, request: Mapping[str, Any]) -> str:
        created = patiently(
            lambda: generation_create(
                owner=self.owner,
                request={**REQUEST, **request},
                api_key=self.key,
                idempotency_key=f"submit-{number}",
            )
        )
        self.generations[number] = created.generation
        return str(created.generation.pk)

    def cancel(self, *, number: int) -> str:
        return patiently(lambda: generation_cancel(generation=self._generation(number))).status

    def retry(self, *, number: int) -> str:
        return patiently(lambda: generation_retry(generation=self._generation(number))).status

    def regenerate(self, *, number: int) -> str:
        generation = self._generation(number)
        created = patiently(
            lambda: clip_regenerate(
                generation=generation,
                position=1,
                api_key=self.key,
                idempotency_key=f"regenerate-{generation.pk}",
            )
        )
        self.generations[number] = created.generation
        return str(created.generation.pk)

    def fault(self, *, server: str, fault: Mapping[str, Any]) -> str:
        self.servers[server].script(Fault(**fault))
        return "scripted"

    def trap(self, *, point: str, whom: str) -> str:
        trap_set(self.traps, point, whom)
        return "set"

    def kill(self, *, name: str, whom: str) -> str:
        killed = self.fleet.kill(name, whom)
        self.counts["processes killed"] += killed
        return f"{killed} killed"

    def freeze(self, *, name: str) -> str:
        return f"{self.fleet.freeze(name)} stopped"

    def flush_redis(self) -> str:
        try:
            queue_redis().flushall()
            cache_redis().flushall()
        except RedisError as error:
            return f"refused: {type(error).__name__}"
        return "empty"

    def kill_redis_queue(self) -> str:
        return self._kill_server("redis-queue", signal.SIGKILL)

    def kill_redis_cache(self) -> str:
        return self._kill_server("redis-cache", signal.SIGKILL)

    def restart_postgres(self) -> str:
        """A fast shutdown, which throws everybody out."""
        return self._kill_server("postgres", signal.SIGINT)

    def calm(self) -> None:
        """Nothing goes wrong any more. The caches are emptied, so that no breaker stays open for minutes."""
        for server in self.servers.values():
            server.faults.clear()
        traps_clear(self.traps)
        self.flush_redis()

    def decide(self, seed: int) -> None:
        """What an operator does who has found out what became of the unknown calls."""
        lot = random.Random(seed)  # noqa: S311  As for the plan.
        jobs = {order.call.pk: order.job for order in World.now(self.servers).orders if order.call}
        for call in list(ProviderCall.objects.undecided().order_by("created_at")):
            job = jobs.get(call.pk)
            self.counts["decided"] += 1
            if job and lot.random() < 0.7:
                call_adopt(call=call, job_id=job.job_id, operator="chaos")
            else:
                call_write_off(call=call, operator="chaos", was_billed=job is not None)

    def try_again(self) -> None:
        """What clients do with what has failed, now that all is well."""
        for generation in list(Generation.objects.filter(status=GenerationStatus.FAILED)):
            try:
                generation_retry(generation=generation)
            except DomainError as refused:
                self.counts[f"last retry, refused: {refused.code}"] += 1
            else:
                self.counts["last retry"] += 1

    def _generation(self, number: int) -> Generation:
        known = self.generations.get(number)
        if known is None:
            raise DomainError("It was not accepted.", code="chaos.not_accepted")
        return patiently(lambda: Generation.objects.select_related("owner").get(pk=known.pk))

    def _kill_server(self, name: str, sign: signal.Signals) -> str:
        pid = self.supervisor.keepers[name].pid
        if pid is None:
            return "refused: it is down"
        os.kill(pid, sign)
        return "down"


def customer(monthly_limit_usd: str) -> tuple[User, ApiKey]:
    """Whose generations they are, and the key that pays."""
    limit = Decimal(monthly_limit_usd) if monthly_limit_usd else None
    key, _ = api_key_create(user_name="alice", name="chaos", monthly_limit_usd=limit)
    return key.user, key
