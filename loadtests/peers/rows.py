"""The rows of the benchmark: made by SQL, the same in every run but for their times."""

import hashlib
from dataclasses import dataclass
from typing import Any

#: Each has a key of its own, for what one owner submits is done one after another.
CALLERS = 16
OTHERS = 100
SECRET = "vg_benchmark-{:03d}-with-as-many-letters-as-a-real-one"  # noqa: S105  Of servers that are gone after the run.

#: Of twenty generations of a caller, in turn.
STATES = (
    *["completed"] * 10,
    *["processing"] * 5,
    "queued",
    "awaiting_approval",
    "failed",
    "cancelled",
    "cancelling",
)


@dataclass(frozen=True)
class Caller:
    """A user who has a key for each service, and generations."""

    secret: str
    token: str
    generations: list[str]


_USERS = """
INSERT INTO auth_user (username, password, is_superuser, first_name, last_name, email, is_staff, is_active,
                       date_joined)
SELECT 'caller-' || n, '!', false, '', '', '', false, true, now() FROM generate_series(1, %(users)s) AS n
"""

_KEY = """
INSERT INTO accounts_apikey (user_id, name, prefix, secret_hash, scopes, last_used_at)
SELECT id, username, left(%(secret)s, 11), %(hash)s, '["read", "write"]', now()
FROM auth_user WHERE username = %(name)s
"""

_AUTHTOKEN = """
INSERT INTO authtoken_token (key, user_id, created)
SELECT %(token)s, id, now() FROM auth_user WHERE username = %(name)s
"""

_ASSETS = """
INSERT INTO storage_app_asset (id, owner_id, kind, storage_key, sha256, size_bytes, media_type)
SELECT md5(kind || n)::uuid, (SELECT min(id) FROM auth_user), kind, kind || '/' || n,
       md5('a' || n) || md5('b' || n), 1000000 + n, type
FROM generate_series(1, %(total)s) AS n,
     (VALUES ('video', 'video/mp4'), ('poster', 'image/jpeg')) AS kinds (kind, type)
"""

# Each is a minute older than the one before.
_GENERATIONS = """
INSERT INTO generations_generation (
    id, owner_id, api_key_id, prompt, duration_seconds, aspect_ratio, resolution, style, transition, brand,
    "references", provider, model, audio, routing, approval, max_cost_usd, seed, metadata, status, stage,
    percentage, estimated_completion, last_sequence, warnings, error, analysis, storyboard, clip_count,
    clips_ready, estimated_usd, actual_usd, analysis_usd, reserved_usd, video_id, poster_id, version,
    created_at, updated_at, started_at, finished_at
)
SELECT md5('generation' || n)::uuid, owner, NULL,
       'A lighthouse on a cliff at dusk, number ' || n || repeat(', waves below', n %% 7),
       4 + 4 * clips, (ARRAY['16:9', '9:16', '1:1', '4:5', '21:9'])[1 + n %% 5],
       (ARRAY['480p', '720p', '1080p'])[1 + n %% 3], (ARRAY['', 'watercolour'])[1 + n %% 2],
       (ARRAY['cut', 'fade', 'dissolve', 'wipe'])[1 + n %% 4],
       CASE WHEN n %% 3 = 0 THEN '{"name": "Kaap", "palette": ["#0f766e", "#f59e0b"], "tone": "warm",
                                   "guidelines": "Never show a paper cup."}'::jsonb END,
       '[]', 'animatic', 'animatic-1', (ARRAY[NULL, false])[1 + n %% 2],
       CASE WHEN n %% 4 = 0 THEN '{"asked": "auto", "chosen": {"provider": "animatic", "model": "animatic-1",
           "score": 0.83}, "reasons": ["It costs least."], "others": [], "rejected": []}'::jsonb END,
       'auto', CASE WHEN n %% 5 = 0 THEN 2.5 END, n, jsonb_build_object('order', n, 'café', 'naïve ☕'),
       status, CASE WHEN status = 'processing' THEN 'clip' ELSE '' END,
       CASE WHEN status = 'completed' THEN 100 ELSE n %% 90 END, now() + interval '1 hour', 1,
       '["This is an animatic: an illustrated preview drawn by this server, not footage."]',
       CASE WHEN status = 'failed' THEN '{"code": "clip.failed", "message": "The provider gave up.",
           "stage": "clip", "position": 2, "retryable": true, "hint": ""}'::jsonb END,
       jsonb_build_object('words', repeat(md5(n::text), 20)),
       jsonb_build_object('scenes', repeat(md5(n::text), 100)),
       clips, CASE WHEN status = 'completed' THEN clips ELSE clips / 2 END,
       0.012 * clips, 0.01 * clips, 0.0085, 0,
       CASE WHEN status = 'completed' THEN md5('video' || n)::uuid END,
       CASE WHEN status = 'completed' THEN md5('poster' || n)::uuid END,
       1, moment, moment + interval '0.123456 second',
       CASE WHEN status <> 'queued' THEN moment + interval '1 second' END,
       CASE WHEN status IN ('completed', 'failed', 'cancelled') THEN moment + interval '50 seconds' END
FROM (
    SELECT n, (SELECT id FROM auth_user WHERE username = 'caller-' || CASE
                   WHEN n <= %(own)s THEN 1 + n %% %(callers)s
                   ELSE 1 + %(callers)s + n %% %(others)s END) AS owner,
           CASE WHEN n <= %(own)s THEN (%(states)s::text[])[1 + n / %(callers)s %% %(kinds)s]
                WHEN n %% 100 = 0 THEN 'queued' ELSE 'completed' END AS status,
           1 + n %% 12 AS clips, now() - n * interval '1 minute' AS moment
    FROM generate_series(1, %(total)s) AS n
) AS plan
"""

_CLIPS = """
INSERT INTO generations_clip (id, generation_id, position, status, scene, duration_seconds, is_reused,
                              fingerprint, provider, model, seed, cost_usd)
SELECT gen_random_uuid(), generation.id, position,
       CASE WHEN position <= clips_ready THEN 'ready' WHEN finished_at IS NULL THEN 'pending'
            ELSE 'cancelled' END,
       jsonb_build_object('position', position, 'micro_prompt', prompt), 4, false,
       md5(prompt) || md5(position::text), provider, model, seed, 0.01
FROM generations_generation AS generation, generate_series(1, clip_count) AS position
"""

_EVENTS = """
INSERT INTO generations_progressevent (generation_id, sequence, type, stage, status, percentage, message,
                                       data, created_at)
SELECT id, sequence, 'stage.started', 'clip', status, percentage, '', '{}', created_at
FROM generations_generation, generate_series(1, 2 * clip_count) AS sequence
"""

_RUNS = """
INSERT INTO generations_stagerun (id, generation_id, stage, attempt, queue, status, percentage, worker,
    error_code, error_message, turn, put_back_count, put_back_reason, created_at, started_at, finished_at)
SELECT gen_random_uuid(), id, name, 1, 'analysis', 'succeeded', 100, '', '', '', 0, 0, '', created_at,
       created_at, created_at + interval '0.1 second'
FROM generations_generation, unnest(ARRAY['prompt_analysis', 'micro_prompts']) AS name
WHERE status <> 'queued'
"""

_OF_CALLER = """
SELECT generation.id::text FROM generations_generation AS generation
JOIN auth_user AS owner ON owner.id = owner_id WHERE username = %s ORDER BY created_at
"""


def rows_make(cursor: Any, *, own: int, others: int) -> list[Caller]:
    """Users, keys, and so many generations of theirs and of others, with all that belongs to them."""
    total = own + others
    states = {"states": list(STATES), "kinds": len(STATES), "callers": CALLERS, "others": OTHERS}
    cursor.execute(_USERS, {"users": CALLERS + OTHERS})
    secrets = [SECRET.format(number) for number in range(1, CALLERS + 1)]
    for number, secret in enumerate(secrets, start=1):
        digest = hashlib.sha256(secret.encode()).hexdigest()
        known = {"secret": secret, "hash": digest, "token": digest[:40], "name": f"caller-{number}"}
        cursor.execute(_KEY, known)
        cursor.execute(_AUTHTOKEN, known)
    cursor.execute(_ASSETS, {"total": total})
    cursor.execute(_GENERATIONS, states | {"own": own, "total": total})
    for statement in (_CLIPS, _EVENTS, _RUNS, "ANALYZE"):
        cursor.execute(statement)
    return [_caller(cursor, number, secret) for number, secret in enumerate(secrets, start=1)]


def _caller(cursor: Any, number: int, secret: str) -> Caller:
    cursor.execute(_OF_CALLER, [f"caller-{number}"])
    token = hashlib.sha256(secret.encode()).hexdigest()[:40]
    return Caller(secret, token, [row[0] for row in cursor.fetchall()])


_SUBMITTED = """
DELETE FROM generations_{} WHERE generation_id IN (
    SELECT id FROM generations_generation WHERE created_at >= %(since)s
)
"""


def submissions_forget(cursor: Any, *, since: Any) -> None:
    """Remove what was submitted since that moment, so that the next service finds the same tables."""
    for table in ("idempotencykey", "progressevent", "stagerun"):
        cursor.execute(_SUBMITTED.format(table), {"since": since})
    cursor.execute("DELETE FROM generations_generation WHERE created_at >= %(since)s", {"since": since})
    for table in ("generation", "idempotencykey", "progressevent", "stagerun"):
        cursor.execute(f"VACUUM ANALYZE generations_{table}")
