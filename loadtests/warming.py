"""Makes the first videos before the load starts, so that each thread has met the API once.

What a process costs when it is asked for the first time would else be most of a short run's p95.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx

from loadtests.prompts import any_request
from loadtests.users.api import FINISHED, GENERATIONS

PATIENCE_SECONDS = 120
SHORTEST = {"duration_seconds": 4}
#: Which thread takes a request is chance: with two for each, hardly one is left out.
VIDEOS_PER_THREAD = 2


def warm_up(url: str, api_key: str, *, threads: int) -> None:
    headers = {"Authorization": f"Bearer {api_key}"}
    with (
        httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False) as http,
        ThreadPoolExecutor(threads) as pool,
    ):
        made = list(pool.map(lambda _: _submit(http), range(VIDEOS_PER_THREAD * threads)))
        deadline = time.monotonic() + PATIENCE_SECONDS
        for generation_id in made:
            _await(http, generation_id, deadline)


def _submit(http: httpx.Client) -> str:
    return str(
        http.post(GENERATIONS, json=any_request("prerendered") | SHORTEST).raise_for_status().json()["id"]
    )


def _await(http: httpx.Client, generation_id: str, deadline: float) -> None:
    while True:
        found = http.get(f"{GENERATIONS}/{generation_id}").raise_for_status().json()
        if found["status"] in FINISHED:
            break
        if time.monotonic() > deadline:
            sys.exit(f"The stack does not make videos: one is still {found['status']}.")
        time.sleep(0.2)
    if found["status"] != "completed":
        sys.exit(f"The stack does not make videos: one is {found['status']}, {found['error']}.")
