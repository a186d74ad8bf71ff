"""What can be made to go wrong: requests, jobs, outputs and webhooks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

#: What the API is asked for, as faults and the ledger name it.
REQUESTS = ("submit", "poll", "result", "list", "cancel", "files", "schema", "keys", "account")

#: With `on`: any of REQUESTS (submit), or download.
OF_REQUESTS = {
    "drop": "the connection is closed without an answer, and nothing was done",
    "accept_and_drop": "it is done, and the connection is closed without an answer",
    "error_before": "`status` (500) with `message`, and nothing was done",
    "error_after": "`status` (500) with `message`, though it was done",
    "hang_before": "no answer, ever, and nothing was done",
    "hang_after": "no answer, ever, though it was done",
    "late": "it is done at once, and answered `seconds` later",
    "rate_limited": "429 that does not say when to come back",
    "rate_limited_seconds": "429 with Retry-After: `seconds` (1)",
    "rate_limited_date": "429 with Retry-After: the date that is in `seconds` (1)",
    "rate_limited_body": "429 with retry_after: `seconds` (1) in its JSON",
    "rate_limited_text": '429 with "resets in ~1s" in its text, by `seconds` (1)',
    "unauthorized": "401",
    "no_credit": "the account has no money left: 402 at Replicate, 403 at fal",
    "bad_request": "422 with `message`",
    "redirect": "302 to `message`",
    "html": "a web page with `status` (200), and nothing was done",
    "html_after": "a web page with `status` (200), though it was done",
    "truncated_json": "it is done, and half of the JSON is sent as if it were all",
    "huge_json": "it is done, and 100 MB of JSON is the answer",
    "cut_in_body": "it is done, and the connection is closed in the middle of the body",
    "drip": "it is done, and answered a byte every `seconds` (0.1)",
}
#: They become of the next jobs that are accepted.
OF_JOBS = {
    "fail": "the job fails with `message` (at fal with `status`, 500)",
    "moderated": "a filter stops the job",
    "never_ends": "the job goes on until it is cancelled",
    "short_clip": "the clip is `seconds` long (half of what was asked for)",
    "other_size": "the clip is `message` large (640x360)",
    "other_fps": "the clip has `message` frames a second (12)",
    "silent": "the clip has no sound",
    "with_audio": "the clip has sound that nobody asked for",
}
#: They happen to the next downloads.
OF_OUTPUTS = {
    "expired": "404",
    "truncated": "half of what Content-Length promises, then the connection is closed",
    "huge": "10 GB, for whoever wants them",
    "html_output": "a web page with `status` (200)",
    "slow_output": "a twentieth of it every `seconds` (0.1)",
}
#: With `on="webhook"`; they happen to all webhooks of the next jobs that have one.
OF_WEBHOOKS = {
    "none": "no webhook",
    "late": "`seconds` later",
    "duplicate": "each one twice",
    "forged": "signed by somebody else",
    "stale": "signed an hour ago",
    "out_of_order": "`start` comes after `completed` (Replicate)",
    "other_job": "about another job",
}


@dataclass(frozen=True)
class Fault:
    """What happens to the next `times` requests, jobs, outputs or webhooks.

    `on` says to which, where the kind leaves that open.
    """

    kind: str
    on: str = ""
    times: int = 1
    seconds: float = 0.0
    status: int = 0
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.on:
            object.__setattr__(self, "on", _natural_place(self.kind))
        if self.kind not in _kinds_on(self.on):
            raise ValueError(f"There is no fault {self.kind!r} on {self.on!r}.")

    @property
    def is_of_job(self) -> bool:
        """Whether it is decided when a job is accepted, and shows later."""
        return self.kind in OF_JOBS


def _natural_place(kind: str) -> str:
    if kind in OF_REQUESTS or kind in OF_JOBS:
        return "submit"
    return "download" if kind in OF_OUTPUTS else "webhook"


def _kinds_on(place: str) -> Mapping[str, str]:
    if place == "webhook":
        return OF_WEBHOOKS
    if place == "download":
        return OF_REQUESTS | OF_OUTPUTS
    if place == "submit":
        return OF_REQUESTS | OF_JOBS
    return OF_REQUESTS if place in REQUESTS else {}
