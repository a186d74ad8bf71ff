"""What an operator can do about an error, by its code."""

from collections.abc import Mapping
from typing import Any

#: The longest matching start of a code wins.
ADVICE = {
    "analysis.": "Read the prompt: a text task could not make sense of it, or its engine is not set up.",
    "breaker.": "The provider failed too often and is left alone for a while. Wait some minutes, then retry.",
    "budget.": "The owner has to raise max_cost_usd, or ask for something shorter or smaller.",
    "budget.daily": "The day's money is used up. Raise DAILY_BUDGET_USD, or retry after midnight UTC.",
    "budget.key": "The key's month is used up. Raise its monthly limit under API keys, then retry.",
    "budget.too_small": "The owner has to raise max_cost_usd, or ask for something shorter or smaller.",
    "internal": "This is a bug. The worker's log has the traceback under the id of the stage run.",
    "storage.full": "Make room where the data directory and the assets are, then retry.",
    "media.timeout": "ffmpeg was too slow. See whether the machine is overloaded, then retry.",
    "media.": "The provider's file is not what was asked for. Retry, or have the clip made anew.",
    "provider.cancelled": "Somebody stopped it, perhaps at the provider. Retry if it is still wanted.",
    "provider.full": "The provider has as many of our clips as PROVIDER_CONCURRENT_JOBS allows. Retry later.",
    "provider.model_unknown": "The provider has no such model. See manage.py sync_capabilities.",
    "provider.no_credit": "Our account there has no credit left. Add some, then retry.",
    "provider.outcome_unknown": (
        "It may have been taken, and billed. Look in the provider's dashboard; then adopt the job, or write "
        "the call off, under Provider calls; then retry."
    ),
    "provider.output_invalid": "What it gave is no clip that can be used, yet billed. A retry buys another.",
    "provider.output_lost": "The clip was made, and cannot be had any more. A retry buys another.",
    "provider.rate_limited": "The provider refuses more calls for now. Wait some minutes, then retry.",
    "provider.timed_out": "It took longer than PROVIDER_JOB_SECONDS. Retry, or have another model make it.",
    "provider.unauthorized": "The provider does not accept our key. Correct the environment, then retry.",
    "provider.unavailable": "The provider cannot be reached. Check its status page and our key, then retry.",
    "provider.undecided": "Decide first what became of the call, under Provider calls; then retry.",
    "provider.unreachable": "The provider cannot be reached. Check its status page, then retry.",
    "provider.": "The provider refused or broke. Its message is above; retry if it may pass.",
    "safety.": "The words or the picture were refused. Only another prompt can help, so tell the owner.",
    "safety.provider": "The provider found the scene unsafe. Other words can help, or another model.",
    "stage.lost": "Workers died on it. Check memory and the workers' logs before you retry.",
    "stage.timed_out": "It took longer than its stage allows. Are the workers overloaded? Then retry.",
    "storage.": "The asset store failed. Check that it can be reached and has room, then retry.",
}
RETRYABLE = "Trying again can help: retry. Clips that are ready stay, and are not paid for again."
PERMANENT = "Trying the same again will hardly help; find out what the message is about first."


def advice_for(error: Mapping[str, Any]) -> str:
    """A sentence for a stored error: its own hint, or what its code stands for."""
    if hint := error.get("hint"):
        return f"{hint} {RETRYABLE if error.get('retryable') else ''}".rstrip()
    matching = [start for start in ADVICE if str(error.get("code", "")).startswith(start)]
    if matching:
        return ADVICE[max(matching, key=len)]
    return RETRYABLE if error.get("retryable") else PERMANENT
