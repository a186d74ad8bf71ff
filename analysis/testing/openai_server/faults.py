"""What can be made to go wrong, request by request."""

from collections.abc import Mapping
from dataclasses import dataclass, field

#: Each kind of fault, and what happens.
KINDS = {
    "rate_limited": "429; say when to come back by `headers`",
    "quota_exhausted": "429 insufficient_quota",
    "unauthorized": "401",
    "forbidden": "403",
    "model_unknown": "404 model_not_found",
    "bad_request": "400 with `message`",
    "error": "`status` (500) with `message`, before anything of an answer",
    "redirect": "307 to `message`",
    "html": "a web page with `status` (200)",
    "raw": "`status` (200) with `message` for its JSON body",
    "empty": "status 200 and no body",
    "truncated": "an answer that ends at its limit of tokens",
    "refusal": "the model declines",
    "content_filter": "a filter stops the answer",
    "wrong_json": "the model writes something that is no JSON",
    "wrong_shape": "the model writes JSON of another shape",
    "late": "a right answer, `seconds` later",
    "drip": "a right answer, whose body comes a byte every `seconds` (0.1)",
    "drip_headers": "a right answer, whose headers come a byte every `seconds` (0.1)",
    "cut_before_headers": "the connection is closed without an answer",
    "cut_in_body": "the connection is closed in the middle of the body",
    "huge": "100 MB of JSON",
    "gzip_bomb": "100 MB of JSON in 100 KB of gzip, which nobody asked for",
    "silence": "no answer, ever",
}


@dataclass(frozen=True)
class Fault:
    """What happens to the next `times` requests (for one task only, where it names one).

    A task is the name of a schema, or `moderation`, or `models`.
    """

    kind: str
    task: str = ""
    times: int = 1
    seconds: float = 0.0
    status: int = 0
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"There is no fault {self.kind!r}; there are {', '.join(KINDS)}.")
