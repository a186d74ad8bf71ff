"""One clip, made by the provider and kept as it came."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from generations.models import Clip, Generation
from generations.providers.base import ProviderError
from generations.providers.registry import provider_get
from generations.services.storyboards import clip_spec_of
from generations.stages.base import StageWork, one_clip, warnings_add
from storage_app.models import AssetKind


def execute(work: StageWork) -> Mapping[str, Any]:
    clip = one_clip(work.clip)
    provider = provider_get(clip.provider)
    spec = clip_spec_of(generation=work.generation, clip=clip)
    submission = provider.submit(spec, token=str(work.run.pk))
    if submission.state != "ready":
        raise ProviderError(f"{provider.name} answered {submission.state}, which is not supported yet.")
    target = work.directory / "source.mp4"
    warnings = provider.fetch(spec, submission.job_id, into=target, report=work.report)
    return {
        "source": work.keep(target, AssetKind.CLIP_SOURCE),
        "job_id": submission.job_id,
        "cost_usd": str(provider.estimate(spec)),
        "warnings": [*submission.warnings, *warnings],
    }


def apply(generation: Generation, clip: Clip | None, output: Mapping[str, Any]) -> None:
    Clip.objects.filter(pk=one_clip(clip).pk).update(source_id=output["source"], cost_usd=output["cost_usd"])
    warnings_add(generation, output)
    generation.actual_usd += Decimal(output["cost_usd"])
    generation.save(update_fields=["warnings", "actual_usd"])
