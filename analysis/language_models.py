"""Which model does which task, and what is known of it. The facts are data: `language_models.toml`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, cast, get_args

from django.conf import settings
from pydantic import BaseModel, ConfigDict, Field, model_validator

from analysis.engines.openai.wire import Usage
from videogen.kernel.toml_catalogue import toml_checked, toml_read

BUNDLED = Path(__file__).with_name("language_models.toml")
Dollars = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=6)]
Tokens = Annotated[int, Field(gt=0)]
Task = Literal["prompt_analysis", "brand_analysis", "micro_prompts", "edit_classification"]

TASKS: tuple[Task, ...] = get_args(Task)
#: What is asked beside the tasks, of a model of its own.
MODERATION = "moderation"

#: `-2026-09-22` and, of older models, `-0613` and `-1106-preview`.
_SNAPSHOT = re.compile(r"-\d{4}(-\d{2}-\d{2})?(-preview)?$")


@dataclass(frozen=True)
class Price:
    """US dollars for a million tokens."""

    input_usd: Decimal
    cached_usd: Decimal
    cache_write_usd: Decimal
    output_usd: Decimal


class ModelFacts(BaseModel):
    """What is known of one model; None where nothing is. `unverified` names the facts to be careful with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input_usd: Dollars | None = None
    cached_usd: Dollars | None = None
    cache_write_usd: Dollars | None = None
    output_usd: Dollars | None = None
    context_tokens: Tokens | None = None
    max_output_tokens: Tokens | None = None
    reasoning_efforts: tuple[str, ...] | None = None
    reasoning_effort: str = ""
    shutdown_on: date | None = None
    replacement: str = ""
    source: str = ""
    as_of: date | None = None
    unverified: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _price_is_whole(self) -> "ModelFacts":
        if (self.input_usd is None) != (self.output_usd is None):
            raise ValueError("a price needs both input_usd and output_usd")
        return self

    @property
    def price(self) -> Price | None:
        """Cached input and written caches cost what input costs, where nothing else is known."""
        if self.input_usd is None or self.output_usd is None:
            return None
        cached, written = self.cached_usd, self.cache_write_usd
        return Price(
            input_usd=self.input_usd,
            cached_usd=self.input_usd if cached is None else cached,
            cache_write_usd=self.input_usd if written is None else written,
            output_usd=self.output_usd,
        )


class TypicalTokens(BaseModel):
    """What an answer to a task takes, on average."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input_tokens: Tokens
    output_tokens: Tokens
    output_tokens_per_second: int = Field(default=0, ge=0)


class Catalogue(BaseModel):
    """A file of models."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    defaults: Mapping[Task, str] = {}
    typical: Mapping[Task, TypicalTokens] = {}
    models: Mapping[str, ModelFacts] = {}


def model_of(task: str) -> str:
    """The model that does a task: the configured one, or the default."""
    configured: str = settings.OPENAI_MODELS[task]
    return configured or _catalogue(settings.OPENAI_MODELS_FILE).defaults[cast(Task, task)]


def facts_of(model: str) -> ModelFacts | None:
    """What is known of a model. A dated snapshot without facts of its own has those of its family."""
    models = _catalogue(settings.OPENAI_MODELS_FILE).models
    return models.get(model) or models.get(_SNAPSHOT.sub("", model))


def price_of(model: str) -> Price | None:
    """What it costs, as far as is known."""
    facts = facts_of(model)
    return facts.price if facts else None


def cost_usd(price: Price | None, usage: Usage) -> Decimal:
    """What a call cost, exactly; 0 where no price is known."""
    if price is None:
        return Decimal(0)
    plain = max(usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens, 0)
    millionths = (
        plain * price.input_usd
        + usage.cached_tokens * price.cached_usd
        + usage.cache_write_tokens * price.cache_write_usd
        + usage.output_tokens * price.output_usd
    )
    return millionths / 1_000_000


def effort_of(model: str) -> str:
    """How hard it shall think; empty for not saying anything about it."""
    facts = facts_of(model)
    return settings.OPENAI_REASONING_EFFORT or (facts.reasoning_effort if facts else "")


def typical_usage(task: str, *, duration_seconds: int) -> Usage:
    """The tokens that a task takes, on average, for a video of that length."""
    typical = _catalogue(settings.OPENAI_MODELS_FILE).typical[cast(Task, task)]
    grown = typical.output_tokens_per_second * duration_seconds
    return Usage(input_tokens=typical.input_tokens, output_tokens=typical.output_tokens + grown)


@cache
def _catalogue(own_file: str) -> Catalogue:
    bundled = _read(BUNDLED)
    if not own_file:
        return bundled
    own = _read(Path(own_file))
    return Catalogue(
        defaults={**bundled.defaults, **own.defaults},
        typical={**bundled.typical, **own.typical},
        models={**bundled.models, **own.models},
    )


def _read(path: Path) -> Catalogue:
    """Raises `ImproperlyConfigured` with the file, the line and the reason."""
    file = toml_read(path, setting="OPENAI_MODELS_FILE")
    return toml_checked(Catalogue, file.content, file=file)
