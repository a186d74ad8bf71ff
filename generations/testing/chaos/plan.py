"""What is going to happen, drawn from a seed before anything does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from generations.testing.chaos.points import BOTH, FREEZE, HORSE, PARENT, POINTS, WHOM
from generations.testing.video_servers.faults import OF_JOBS, OF_OUTPUTS, OF_REQUESTS, OF_WEBHOOKS

#: Seconds from one to the next, on average.
SUBMISSION_SECONDS, FAULT_SECONDS, DISASTER_SECONDS = 4.0, 2.0, 2.5
#: Towards the end nothing begins any more.
BUSY_SHARE = 0.9
#: A server that is killed more often is started again later and later.
SERVER_GAP_SECONDS = 65.0
QUEUES = {"analysis": "analysis", "clips-1": "clips", "clips-2": "clips", "assembly": "assembly"}
MODELS = {
    "replicate": ("bytedance/seedance-2.0", "wan-video/wan-2.7-t2v"),
    "fal": ("bytedance/seedance-2.0/text-to-video", "fal-ai/veo3.1/fast"),
    "auto": ("",),
}
PLACES = ("a lighthouse", "a night market", "a glacier", "an orchard", "a tram", "a harbour", "a forest")
TIMES = ("dawn", "noon", "night")
#: What would only take time, or is another server's business.
TOO_MUCH = {"huge", "huge_json", "drip", "redirect", "unauthorized", "no_credit"}

#: Where nobody knows a job's id, a webhook with the provider's signature has to be believed, also a lie.
BELIEVABLE_WEBHOOKS = {kind: what for kind, what in OF_WEBHOOKS.items() if kind != "other_job"}


@dataclass(frozen=True)
class Action:
    """What is done, `at` so many seconds from the start."""

    at: float
    verb: str
    about: Mapping[str, Any]

    def __str__(self) -> str:
        about = ", ".join(f"{name} {value}" for name, value in self.about.items())
        return f"{self.at:6.1f} s  {self.verb:<17} {about}"


@dataclass(frozen=True)
class Plan:
    """All that a seed decides. What comes of it also depends on the machine."""

    seed: int
    seconds: float
    webhooks: bool
    dispatchers: int
    concurrent_jobs: int
    monthly_limit_usd: str
    actions: Sequence[Action]

    @property
    def command(self) -> str:
        """What repeats it."""
        return f"make chaos DURATION={self.seconds:g}s SEED={self.seed}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def plan_draw(seed: int, seconds: float) -> Plan:
    """The same for the same seed and length."""
    random = Random(seed)  # noqa: S311  Not a secret, and it has to come out the same again.
    webhooks = random.random() < 0.5
    dispatchers = random.choice((1, 2))
    actions = [*_submissions(random, seconds), *_faults(random, seconds, webhooks)]
    actions += _disasters(random, seconds, [*QUEUES, *names_of(dispatchers)])
    return Plan(
        seed=seed,
        seconds=seconds,
        webhooks=webhooks,
        dispatchers=dispatchers,
        concurrent_jobs=random.choice((100, 100, 4)),
        monthly_limit_usd=random.choice(("", "", f"{0.2 * seconds:.2f}")),
        actions=sorted((each for each in actions if each.at < seconds), key=lambda each: each.at),
    )


def names_of(dispatchers: int) -> list[str]:
    """What the dispatchers are called."""
    return [f"dispatcher-{number}" for number in range(1, dispatchers + 1)]


def _moments(random: Random, seconds: float, gap_seconds: float) -> list[float]:
    end = seconds * BUSY_SHARE
    return sorted(random.uniform(0.5, end) for _ in range(max(1, round(end / gap_seconds))))


def _submissions(random: Random, seconds: float) -> list[Action]:
    actions = []
    for number, at in enumerate(_moments(random, seconds, SUBMISSION_SECONDS), start=1):
        provider = random.choices(("replicate", "fal", "auto"), (4, 4, 2))[0]
        request = {
            "prompt": f"Number {number}: {random.choice(PLACES)} at {random.choice(TIMES)}",
            "provider": provider,
            "model": random.choice(MODELS[provider]),
            "duration_seconds": random.choice((4, 4, 5, 6, 8)),
            "aspect_ratio": random.choice(("16:9", "16:9", "9:16", "1:1")),
            "seed": random.randrange(2**31),
        }
        actions.append(Action(at, "submit", {"number": number, "request": request}))
        actions += _follow_up(random, number, at)
    return actions


def _follow_up(random: Random, number: int, at: float) -> list[Action]:
    about = {"number": number}
    drawn = []
    if random.random() < 0.2:
        drawn.append(Action(at + random.uniform(0.2, 8), "cancel", about))
    if random.random() < 0.4:
        drawn += [Action(at + random.uniform(8, 30), "retry", about) for _ in range(2)]
    if random.random() < 0.3:
        drawn.append(Action(at + random.uniform(10, 30), "regenerate", about))
    return drawn


def _faults(random: Random, seconds: float, webhooks: bool) -> list[Action]:
    kinds: list[Callable[[], dict[str, Any]]] = [
        *[lambda: _of(random, OF_REQUESTS, "submit")] * 4,
        lambda: _of(random, OF_REQUESTS, random.choice(("poll", "result", "list", "cancel"))),
        lambda: _of(random, OF_JOBS, "submit"),
        lambda: _of(random, OF_OUTPUTS, "download"),
        *[lambda: _of(random, BELIEVABLE_WEBHOOKS, "webhook")] * (2 if webhooks else 0),
    ]
    return [
        Action(at, "fault", {"server": random.choice(("replicate", "fal")), "fault": random.choice(kinds)()})
        for at in _moments(random, seconds, FAULT_SECONDS)
    ]


def _of(random: Random, kinds: Mapping[str, str], on: str) -> dict[str, Any]:
    kind = random.choice(sorted(set(kinds) - TOO_MUCH))
    seconds = {"late": random.uniform(0.5, 3), "short_clip": 0.0, "slow_output": 0.1}.get(kind, 1.0)
    return {"kind": kind, "on": on, "times": random.choice((1, 1, 1, 3)), "seconds": round(seconds, 1)}


def _disasters(random: Random, seconds: float, names: Sequence[str]) -> list[Action]:
    free_at = dict.fromkeys(("restart_postgres", "kill_redis_queue", "kill_redis_cache"), 0.0)
    actions = []
    for at in _moments(random, seconds, DISASTER_SECONDS):
        verb = random.choices(
            ("trap", "kill", "freeze", "flush_redis", *free_at), (8, 6, 2, 1.5, 1, 0.7, 0.7)
        )[0]
        if at < free_at.get(verb, 0.0):
            verb = "trap"
        if verb in free_at:
            free_at[verb] = at + SERVER_GAP_SECONDS
        actions.append(Action(at, verb, _about(random, verb, names)))
    return actions


def _about(random: Random, verb: str, names: Sequence[str]) -> dict[str, Any]:
    if verb == "trap":
        return {"point": random.choice(list(POINTS)), "whom": random.choice((*WHOM, FREEZE))}
    if verb == "freeze":
        return {"name": random.choice(list(QUEUES))}
    if verb != "kill":
        return {}
    name = random.choice(names)
    return {"name": name, "whom": random.choice((HORSE, PARENT, BOTH)) if name in QUEUES else PARENT}
