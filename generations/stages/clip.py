"""One clip, made by the provider and kept as it came.

A hosted provider makes it elsewhere. Its work-horse sends the call and leaves; another one fetches
what was made. Which of the two is to be done is read from the ledger, so it may be killed anywhere.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from generations.models import Clip, Generation, ProviderCall
from generations.providers.base import ClipSpec, HostedProvider, OutcomeUnknown, ProviderError
from generations.providers.registry import hosted_provider, provider_get
from generations.services.call_decisions import call_fetch_count, call_output_lost
from generations.services.calls import call_usable, error_of
from generations.services.rerouting import OUT_OF_ORDER, clip_reroute
from generations.services.storyboards import clip_spec_of
from generations.stages.base import StageWork, Waiting, one_clip, warnings_add
from generations.stages.sending import clip_send
from generations.states import CallStatus
from storage_app.models import AssetKind
from videogen.kernel.errors import DomainError, Postponed

#: What a person has to find out before the clip may be bought again.
UNDECIDED = "An operator has to find out, and decide in the admin under Provider calls; then retry."

#: Trying to fetch again costs nothing, so it is done more often than anything else: for about three minutes.
FETCH_TRIES, FETCH_SECONDS, LONGEST_FETCH_SECONDS = 7, 2.0, 60.0
#: What was not there so often, or was no video so often, is lost: the clip can only be bought anew.
LOST_TRIES = 3
LOST = ("provider.output_lost", "provider.output_invalid")


def execute(work: StageWork) -> Mapping[str, Any]:
    clip = one_clip(work.clip)
    spec = clip_spec_of(generation=work.generation, clip=clip)
    if hosted := hosted_provider(clip.provider):
        return _hosted(work, hosted, spec)
    provider = provider_get(clip.provider)
    submission = provider.submit(spec, token=str(work.run.pk))
    target = work.directory / "source.mp4"
    warnings = provider.fetch(spec, submission.job_id, into=target, report=work.report)
    return {
        "source": work.keep(target, AssetKind.CLIP_SOURCE),
        "cost_usd": str(provider.estimate(spec)),
        "warnings": [*submission.warnings, *warnings],
    }


def _hosted(work: StageWork, provider: HostedProvider, spec: ClipSpec) -> Mapping[str, Any]:
    call = call_usable(one_clip(work.clip))
    if call is None:
        raise _last_error(one_clip(work.clip))
    if call.status == CallStatus.SUCCEEDED:
        return _fetched(work, provider, spec, call)
    if call.status == CallStatus.PLANNED:
        _sent(work, provider, spec, call)
    if call.given_up_at:
        raise unknown(f"Nobody knows whether {call.provider} has taken this clip.")
    raise Waiting


def _sent(work: StageWork, provider: HostedProvider, spec: ClipSpec, call: ProviderCall) -> None:
    try:
        clip_send(work, provider, spec, call)
    except (Postponed, ProviderError) as trouble:
        if _is_out_of_order(work, trouble) and clip_reroute(run=work.run, reason=str(trouble)):
            raise Postponed("It is sent to another provider.", seconds=0, code="provider.moved") from trouble
        raise


def _is_out_of_order(work: StageWork, trouble: DomainError) -> bool:
    """One that could not be reached is tried a second time before it is."""
    is_first = work.run.attempt == 1 and trouble.code == "provider.unreachable"
    return trouble.code in OUT_OF_ORDER and not is_first


def unknown(message: str) -> OutcomeUnknown:
    """The end of a clip of which nobody knows whether it is paid."""
    error = OutcomeUnknown(message, retryable=False)
    error.hint = UNDECIDED
    return error


def _last_error(clip: Clip) -> ProviderError:
    # A superseded one of which nobody knows anything may still be open.
    ended = ProviderCall.objects.filter(clip=clip, fingerprint=clip.fingerprint, finished_at__isnull=False)
    call = ended.order_by("-finished_at").first()
    if call is None:
        raise LookupError("No call was planned for this clip.")
    return error_of(call)


def _fetched(
    work: StageWork, provider: HostedProvider, spec: ClipSpec, call: ProviderCall
) -> Mapping[str, Any]:
    target = work.directory / "source.mp4"
    tries = call_fetch_count(call=call)
    try:
        warnings = provider.fetch(spec, call.output_url, into=target, report=work.report)
    except ProviderError as error:
        if tries < (LOST_TRIES if error.code in LOST else FETCH_TRIES if error.retryable else 0):
            seconds = min(FETCH_SECONDS * 2 ** (tries - 1), LONGEST_FETCH_SECONDS)
            raise Postponed(str(error), seconds=seconds, code=error.code) from error
        if error.code in LOST:
            call_output_lost(call=call, error=error)
        raise
    return {
        "source": work.keep(target, AssetKind.CLIP_SOURCE),
        "job_id": call.job_id,
        "warnings": list(warnings),
    }


def apply(generation: Generation, clip: Clip | None, output: Mapping[str, Any]) -> None:
    clip = one_clip(clip)
    clip.source_id = output["source"]
    warnings_add(generation, output)
    if cost := output.get("cost_usd"):  # What a hosted provider takes is settled by its call.
        clip.cost_usd = Decimal(cost)
        generation.actual_usd += clip.cost_usd
    clip.save(update_fields=["source", "cost_usd"])
    generation.save(update_fields=["warnings", "actual_usd"])
