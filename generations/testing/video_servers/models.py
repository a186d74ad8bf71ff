"""The models that the servers have, by their input: as far as it is public, and no more.

Their facts are written down apart from those that Videogen plans with: one checks the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import jsonschema

from generations.testing.video_servers.videos import Shape, size_of

Property = Mapping[str, Any]


@dataclass(frozen=True)
class Model:
    """A model by its inputs. `short_side`, `seconds` and `audio` are what it does where no input says so."""

    name: str
    properties: Mapping[str, Property]
    short_side: int = 720
    seconds: float = 5.0
    audio: Literal["never", "always", "asked"] = "asked"

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of its input."""
        return {
            "type": "object",
            "title": "Input",
            "required": ["prompt"],
            "properties": {
                name: {"title": name.replace("_", " ").capitalize(), **about, "x-order": place}
                for place, (name, about) in enumerate(self.properties.items())
            },
        }

    def problems(self, given: Mapping[str, Any]) -> list[tuple[str, str]]:
        """What is wrong with an input: names and sentences."""
        errors = self._validator.iter_errors(given)
        return [(str(next(iter(error.path), "prompt")), error.message) for error in errors]

    def shape(self, given: Mapping[str, Any]) -> Shape:
        """The video that an input asks for."""
        defaults = {name: about["default"] for name, about in self.properties.items() if "default" in about}
        asked = defaults | {name: value for name, value in given.items() if value is not None}
        width, height = size_of(self._aspect_ratio(asked), self._short_side(asked))
        audio = self.audio == "always" or (self.audio == "asked" and bool(asked.get("generate_audio")))
        return Shape(width, height, self._seconds(asked), audio)

    @cached_property
    def _validator(self) -> jsonschema.Draft202012Validator:
        return jsonschema.Draft202012Validator(self.schema)

    def _aspect_ratio(self, asked: Mapping[str, Any]) -> str:
        ratio = str(asked.get("aspect_ratio", ""))
        return ratio if ":" in ratio else "16:9"

    def _short_side(self, asked: Mapping[str, Any]) -> int:
        if asked.get("mode") == "pro":
            return 1080
        text = str(asked.get("resolution", "")).removesuffix("p")
        return int(text) if text.isdigit() else {"4k": 2160}.get(text, self.short_side)

    def _seconds(self, asked: Mapping[str, Any]) -> float:
        text = str(asked.get("duration", "")).removesuffix("s")
        return float(text) if text.isdigit() else self.seconds


def _choice(values: Sequence[str | int], default: str | int) -> Property:
    kind = "integer" if isinstance(values[0], int) else "string"
    return {"enum": list(values), "type": kind, "default": default}


def _whole(minimum: int, maximum: int, default: int) -> Property:
    return {"type": "integer", "minimum": minimum, "maximum": maximum, "default": default}


def _flag(default: bool) -> Property:
    return {"type": "boolean", "default": default}


def _named(*models: Model) -> dict[str, Model]:
    return {model.name: model for model in models}


_TEXT: Property = {"type": "string"}
_PICTURE: Property = {"type": "string", "format": "uri"}
_PICTURES: Property = {"type": "array", "items": _PICTURE}
_SEED: Property = {"type": "integer"}
_WIDE = _choice(["16:9", "9:16"], "16:9")
_SQUARE_TOO = _choice(["16:9", "9:16", "1:1"], "16:9")
_FIVE = _choice(["16:9", "9:16", "1:1", "4:3", "3:4"], "16:9")
_HD = _choice(["720p", "1080p"], "720p")

_VEO: Mapping[str, Property] = {
    "prompt": _TEXT,
    "aspect_ratio": _WIDE,
    "duration": _choice([4, 6, 8], 8),
    "image": _PICTURE,
    "last_frame": _PICTURE,
    "reference_images": _PICTURES,
    "negative_prompt": _TEXT,
    "resolution": _choice(["720p", "1080p"], "1080p"),
    "generate_audio": _flag(True),
    "seed": _SEED,
}
_FAL_VEO: Mapping[str, Property] = {
    "prompt": _TEXT,
    "aspect_ratio": _WIDE,
    "duration": _choice(["4s", "6s", "8s"], "8s"),
    "negative_prompt": _TEXT,
    "resolution": _choice(["720p", "1080p", "4k"], "720p"),
    "generate_audio": _flag(True),
    "seed": _SEED,
    "auto_fix": _flag(True),
}
_FAL_KLING: Mapping[str, Property] = {
    "prompt": _TEXT,
    "duration": _choice([str(seconds) for seconds in range(3, 16)], "5"),
    "aspect_ratio": _SQUARE_TOO,
    "generate_audio": _flag(True),
    "negative_prompt": _TEXT,
    "cfg_scale": {"type": "number", "minimum": 0, "maximum": 1, "default": 0.5},
}

REPLICATE = _named(
    Model("google/veo-3.1", _VEO),
    Model("google/veo-3.1-fast", _VEO),
    Model(
        "bytedance/seedance-2.0",
        {
            "prompt": _TEXT,
            "image": _PICTURE,
            "last_frame_image": _PICTURE,
            "reference_images": {**_PICTURES, "maxItems": 9},
            "reference_videos": {**_PICTURES, "maxItems": 3},
            "reference_audios": {**_PICTURES, "maxItems": 3},
            "duration": _whole(-1, 15, 5),
            "resolution": _choice(["480p", "720p", "1080p"], "720p"),
            "aspect_ratio": _choice(["16:9", "9:16", "1:1", "4:3", "3:4", "21:9", "adaptive"], "16:9"),
            "generate_audio": _flag(True),
            "seed": _SEED,
        },
    ),
    Model(
        "minimax/hailuo-2.3",
        {
            "prompt": _TEXT,
            "first_frame_image": _PICTURE,
            "duration": _choice([6, 10], 6),
            "resolution": _choice(["768p", "1080p"], "768p"),
            "prompt_optimizer": _flag(True),
        },
        audio="never",
    ),
    Model(
        "kwaivgi/kling-v3-video",
        {
            "prompt": _TEXT,
            "multi_prompt": _TEXT,
            "start_image": _PICTURE,
            "end_image": _PICTURE,
            "duration": _whole(3, 15, 5),
            "mode": _choice(["standard", "pro"], "pro"),
            "aspect_ratio": _SQUARE_TOO,
            "generate_audio": _flag(False),
            "negative_prompt": _TEXT,
        },
    ),
    Model(
        "wan-video/wan-2.7-t2v",
        {
            "prompt": _TEXT,
            "negative_prompt": _TEXT,
            "resolution": _HD,
            "aspect_ratio": _FIVE,
            "duration": _whole(2, 15, 5),
            "seed": _SEED,
            "enable_prompt_expansion": _flag(True),
        },
        audio="always",
    ),
)

FAL = _named(
    Model("fal-ai/veo3.1", _FAL_VEO),
    Model("fal-ai/veo3.1/fast", _FAL_VEO),
    Model(
        "bytedance/seedance-2.0/text-to-video",
        {
            "prompt": _TEXT,
            "duration": _choice(["auto", *(str(seconds) for seconds in range(4, 16))], "auto"),
            "resolution": _choice(["480p", "720p", "1080p"], "720p"),
            "aspect_ratio": _choice(["auto", "21:9", "16:9", "4:3", "1:1", "3:4", "9:16"], "auto"),
            "generate_audio": _flag(True),
            "seed": _SEED,
        },
    ),
    Model(
        "fal-ai/minimax/hailuo-2.3/standard/text-to-video",
        {"prompt": _TEXT, "duration": _choice(["6", "10"], "6"), "prompt_optimizer": _flag(True)},
        short_side=768,
        audio="never",
    ),
    Model(
        "fal-ai/minimax/hailuo-2.3/pro/text-to-video",
        {"prompt": _TEXT, "prompt_optimizer": _flag(True)},
        short_side=1080,
        seconds=6.0,
        audio="never",
    ),
    Model("fal-ai/kling-video/v3/standard/text-to-video", _FAL_KLING),
    Model("fal-ai/kling-video/v3/pro/text-to-video", _FAL_KLING, short_side=1080),
    Model(
        "fal-ai/wan/v2.7/text-to-video",
        {
            "prompt": _TEXT,
            "duration": _whole(2, 15, 5),
            "resolution": _choice(["720p", "1080p"], "1080p"),
            "aspect_ratio": _FIVE,
            "negative_prompt": _TEXT,
            "seed": _SEED,
            "enable_prompt_expansion": _flag(True),
        },
        audio="always",
    ),
)
