"""Equal answers and equal rows, or no benchmark."""

import json
import sys
from datetime import UTC, datetime
from typing import Any

from redis import Redis

from loadtests.peers.ground import Ground
from loadtests.peers.rows import submissions_forget
from loadtests.peers.services import BARE, OURS, Service, answer

#: Answers about one generation may differ by this: its running clock, by so many seconds.
CLOCK, CLOCK_SECONDS = "eta_seconds", 2
#: How many generations are looked at: of each state and each number of clips some.
LOOKED_AT = 120

#: What a request becomes, table by table, and which columns are another moment's, or of another row's id.
_WRITTEN = {
    "generation": "SELECT to_jsonb(t) FROM generations_generation t WHERE id = %s",
    "event": "SELECT to_jsonb(t) FROM generations_progressevent t WHERE generation_id = %s",
    "runs": "SELECT to_jsonb(t) FROM generations_stagerun t WHERE generation_id = %s ORDER BY stage",
    "key": "SELECT to_jsonb(t) FROM generations_idempotencykey t WHERE generation_id = %s",
}
_OWN = ("id", "generation_id", "api_key_id", "links", "estimated_completion", "fingerprint", "body", CLOCK)


def polls_compare(services: list[Service], ground: Ground) -> None:
    """Every service answers the same about the same generation, or the run ends here."""
    ours, *others = compared(services)
    owned = [(caller, pk) for caller in ground.callers for pk in caller.generations]
    for caller, generation_id in owned[:LOOKED_AT]:
        right = answer(ours, "GET", caller, generation_id).body
        for other in others:
            its = answer(other, "GET", caller, generation_id).body
            _refuse(other, differences(right, its), its)


def submissions_compare(services: list[Service], ground: Ground, body: dict[str, Any]) -> None:
    """Every service answers and writes the same for the same request, or the run ends here."""
    ours, *others = compared(services)
    right = submitted(ours, ground, body)
    for other in others:
        its = submitted(other, ground, body)
        _refuse(other, [name for name in right if right[name] != its[name]], json.dumps(its))


def compared(services: list[Service]) -> list[Service]:
    """Those that do the work, ours first."""
    return sorted((each for each in services if each.name != BARE), key=lambda each: each.name != OURS)


def differences(one: str, other: str) -> list[str]:
    """The names of the fields in which two answers about one generation differ, in order."""
    first, second = json.loads(one), json.loads(other)
    clocks = first.get(CLOCK), second.get(CLOCK)
    if None not in clocks and abs(clocks[0] - clocks[1]) <= CLOCK_SECONDS:
        second[CLOCK] = first[CLOCK]
    return [name for name in {**first, **second} if first.get(name, ...) != second.get(name, ...)]


def submitted(each: Service, ground: Ground, body: dict[str, Any]) -> dict[str, Any]:
    """The answer, the rows and the messages of one submission, which is forgotten again."""
    since = datetime.now(UTC)
    content = json.dumps(body | {"seed": 7})
    made = json.loads(answer(each, "POST", ground.callers[0], content=content, key="compared").body)
    redis = ground.queue_redis()
    jobs = [_fields(redis, key) for key in redis.scan_iter("rq:job:*")]
    result: dict[str, Any] = {
        "answer": _still(made),
        "messages": sorted(jobs),
    }
    redis.flushdb()
    with ground.cursor() as cursor:
        for name, statement in _WRITTEN.items():
            cursor.execute(statement, [made["id"]])
            result[name] = [_still(row) for (row,) in cursor.fetchall()]
        submissions_forget(cursor, since=since)
    return result


def _fields(redis: Redis, key: Any) -> list[str]:
    """How long its work may take, and which fields the message has."""
    job: Any = redis.hgetall(key)
    return [job[b"timeout"].decode(), *sorted(name.decode() for name in job)]


def _still(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _OWN and not name.endswith("_at")}


def _refuse(other: Service, names: list[str], its: str) -> None:
    if names:
        sys.exit(f"{other.name} differs in {', '.join(names)}: {its}")
