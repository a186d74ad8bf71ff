"""The reference pictures of a clip, brought to where it is about to be sent."""

from dataclasses import replace

from generations.providers.base import ClipSpec, ProviderError
from generations.services.references import reference_assets
from generations.stages.base import StageWork


def references_fetch(work: StageWork, spec: ClipSpec) -> ClipSpec:
    """The spec with its pictures in the attempt's own directory.

    Raises `ProviderError` where one was deleted: without it, it would be another clip.
    """
    assets = reference_assets(work.generation)
    if len(assets) != len(work.generation.references) or len(spec.references) != len(assets):
        raise _deleted()
    fetched = (
        replace(picture, path=work.fetch(asset, f"reference-{number}.jpg"))
        for number, (picture, asset) in enumerate(zip(spec.references, assets, strict=True), start=1)
    )
    return replace(spec, references=tuple(fetched))


def _deleted() -> ProviderError:
    error = ProviderError(
        "A reference picture of this video has been deleted.", code="reference.deleted", retryable=False
    )
    error.hint = "Make a new video, with a picture that is there."
    return error
