"""What users of a load test ask for: from two words to a paragraph, in ten languages, one prompt a line."""

import random
from pathlib import Path
from typing import Any

PROMPTS = Path(__file__).with_name("prompts.txt").read_text().splitlines()
DURATIONS = (15, 30, 45, 60)
ASPECT_RATIOS = ("16:9", "9:16", "1:1", "4:5", "21:9")
RESOLUTION = "480p"
STYLES = ("", "watercolour", "film noir", "flat illustration", "hand-drawn", "warm documentary")


def any_request(provider: str) -> dict[str, Any]:
    """The body of a submission."""
    return {
        "prompt": random.choice(PROMPTS),
        "duration_seconds": random.choice(DURATIONS),
        "aspect_ratio": random.choice(ASPECT_RATIOS),
        "resolution": RESOLUTION,
        "style": random.choice(STYLES),
        "provider": provider,
    }
