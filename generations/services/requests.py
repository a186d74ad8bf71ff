"""A stored generation, as the request that it was made from."""

from collections.abc import Mapping
from typing import Any

from generations.models import Generation

REQUEST_FIELDS = (
    "prompt",
    "duration_seconds",
    "aspect_ratio",
    "resolution",
    "transition",
    "style",
    "brand",
    "references",
    "provider",
    "model",
    "audio",
    "approval",
    "max_cost_usd",
    "seed",
    "metadata",
)


def request_of(generation: Generation) -> Mapping[str, Any]:
    """The request's fields, with what was decided for `auto` in place."""
    return {name: getattr(generation, name) for name in REQUEST_FIELDS}
