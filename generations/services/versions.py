"""New versions of a video: what does not change is taken over, and is not paid for again."""

import secrets
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db.models.functions import Now

from analysis.contracts import Scene, Storyboard
from generations.models import SMALLEST_USD, Clip, Generation
from generations.providers.registry import hosted_provider
from generations.services.calls import is_paid_for
from generations.services.events import event_record
from generations.services.flow import clips_pay, generation_advance, generation_lock
from generations.services.generations import MAX_SEED, GenerationConflict, active_check, owner_lock
from generations.services.idempotency import (
    Answer,
    Created,
    Once,
    fingerprint_of,
    no_answer,
    patient_transaction,
)
from generations.services.moderation import words_moderate
from generations.services.offers import lasting_warnings
from generations.services.plans import plan_of
from generations.services.references import UnknownReference, references_hold
from generations.services.requests import request_of
from generations.services.storyboards import clip_planned, clip_spec_of, fingerprint
from generations.states import FINISHED, ClipStatus, GenerationStatus
from videogen.accounts.models import ApiKey
from videogen.kernel.errors import DomainError
from videogen.kernel.prepared import rows_insert


class NoSuchClip(DomainError):
    """The generation has no clip at that position."""

    code = "clip.not_found"
    status = 404


def clip_regenerate(
    *,
    generation: Generation,
    position: int,
    micro_prompt: str = "",
    api_key: ApiKey | None = None,
    idempotency_key: str = "",
    answer: Answer = no_answer,
) -> Created:
    """A new version in which one clip is made anew, by its old micro-prompt or a new one.

    Raises `NoSuchClip`, `GenerationConflict` unless it is finished, has clips, and waits for none that
    is paid for, `Unsafe`, `BudgetRefused`, `TooManyGenerations`, and the errors of idempotency.
    """
    owner: User = generation.owner
    asked = {"of": str(generation.pk), "position": position, "micro_prompt": micro_prompt}
    once = Once(owner, idempotency_key, fingerprint_of(asked))
    if earlier := once.earlier():
        return earlier
    _check(generation, position)
    if micro_prompt:
        words_moderate(micro_prompt)

    def make() -> Created:
        with patient_transaction():
            parent = generation_lock(generation.pk)
            if earlier := once.earlier():  # Otherwise it might be refused for what it has bought itself.
                return earlier
            version = _regenerated(parent, position, micro_prompt, api_key)
            created = Created(version, answer(version), replayed=False)
            rows_insert(*once.rows(created))
            return created

    return once.create(make)


def _check(generation: Generation, position: int) -> None:
    if generation.status not in FINISHED or not generation.clip_count:
        raise GenerationConflict(
            f"This generation is {generation.status}"
            + ("; wait until it has ended." if generation.clip_count else " and has no clips."),
            status=generation.status,
        )
    if not 1 <= position <= generation.clip_count:
        raise NoSuchClip(f"There is no clip {position}; there are {generation.clip_count}.")


def _regenerated(parent: Generation, position: int, micro_prompt: str, api_key: ApiKey | None) -> Generation:
    _check(parent, position)
    owner_lock(parent.owner)
    active_check(parent.owner)
    _references_hold(parent)
    storyboard = _storyboard(parent, position, micro_prompt)
    clips = list(Clip.objects.filter(generation=parent).order_by("position"))
    _check_nothing_comes(parent, clips, position)
    version = Generation.objects.create(
        **_taken_over(parent),
        owner=parent.owner,
        api_key=api_key,
        parent=parent,
        version=1 + _newest_version(parent),
        storyboard=storyboard.model_dump(mode="json"),
        clip_count=len(clips),
        clips_ready=sum(clip.status == ClipStatus.READY for clip in clips if clip.position != position),
    )
    scenes = {scene.position: scene for scene in storyboard.scenes}
    made = [
        _new_clip(version, clip, scenes[position]) if clip.position == position else _copy(version, clip)
        for clip in clips
    ]
    Clip.objects.bulk_create(made)
    _estimate(version, made)
    event_record(generation=version, type="generation.queued", position=position, parent_id=str(parent.pk))
    clips_pay(generation=version, steps=plan_of(version).startable())
    generation_advance(generation=version)
    return version


def _check_nothing_comes(parent: Generation, clips: Iterable[Clip], position: int) -> None:
    """What is paid for, and not here yet, would be bought once more: a retry brings it."""
    if parent.status != GenerationStatus.FAILED:
        return
    others = (clip for clip in clips if clip.position != position and clip.source_id is None)
    if coming := [str(clip.position) for clip in others if is_paid_for(clip)]:
        raise GenerationConflict(
            f"Paid clips of this video are not here yet: {', '.join(coming)}. Retry it first, or wait.",
            code="clip.on_its_way",
            status=parent.status,
        )


def _references_hold(parent: Generation) -> None:
    try:
        references_hold(owner=parent.owner, ids=parent.references)
    except UnknownReference as gone:
        raise GenerationConflict(
            "A reference picture of this video has been deleted: no clip can be made from it any more.",
            code="reference.deleted",
            status=parent.status,
        ) from gone


def _storyboard(parent: Generation, position: int, micro_prompt: str) -> Storyboard:
    storyboard = Storyboard.model_validate(parent.storyboard)
    if not micro_prompt:
        return storyboard
    scenes = [
        scene.model_copy(update={"micro_prompt": micro_prompt}) if scene.position == position else scene
        for scene in storyboard.scenes
    ]
    if len({scene.micro_prompt for scene in scenes}) != len(scenes):
        raise GenerationConflict("Another clip has this micro-prompt; word it differently.", code="clip.same")
    return Storyboard(title=storyboard.title, scenes=scenes)


def _taken_over(parent: Generation) -> Mapping[str, Any]:
    return {
        **request_of(parent),
        "routing": parent.routing,
        "analysis": parent.analysis,
        "brand_analysis": parent.brand_analysis,
        "warnings": list(lasting_warnings(request_of(parent))),
        "approved_at": Now(),
    }


def _newest_version(parent: Generation) -> int:
    """Of all that came of the same first version, whichever was made from which."""
    root = parent
    while root.parent:
        root = root.parent
    newest, family = root.version, [root]
    while family := list(Generation.objects.filter(parent__in=family).only("version")):
        newest = max(newest, *(each.version for each in family))
    return newest


def _new_clip(version: Generation, clip: Clip, scene: Scene) -> Clip:
    """By the model that made the old one, with another seed: the same would give the same picture."""
    new = clip_planned(version, scene, clip.bought_seconds)
    new.provider, new.model, new.seed = clip.provider, clip.model, secrets.randbelow(MAX_SEED)
    new.fingerprint = fingerprint(clip_spec_of(generation=version, clip=new), provider=new.provider)
    return new


def _copy(version: Generation, clip: Clip) -> Clip:
    """A clip that was fetched is taken over, with its bytes; one that was not is made."""
    is_ready = clip.status == ClipStatus.READY
    return Clip(
        generation=version,
        position=clip.position,
        status=ClipStatus.READY if is_ready else ClipStatus.PENDING,
        scene=clip.scene,
        duration_seconds=clip.duration_seconds,
        bought_seconds=clip.bought_seconds,
        is_reused=clip.source_id is not None,
        fingerprint=clip.fingerprint,
        provider=clip.provider,
        model=clip.model,
        seed=clip.seed,
        source_id=clip.source_id,
        video_id=clip.video_id if is_ready else None,
        thumbnail_id=clip.thumbnail_id if is_ready else None,
    )


def _estimate(version: Generation, clips: list[Clip]) -> None:
    estimate = Decimal(0)
    for clip in clips:
        provider = hosted_provider(clip.provider)
        if provider and not clip.is_reused:
            estimate += provider.estimate(clip_spec_of(generation=version, clip=clip))
    version.estimated_usd = estimate.quantize(SMALLEST_USD)
    version.save(update_fields=["estimated_usd"])
