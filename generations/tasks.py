"""What an RQ worker runs: one attempt at one stage, from claim to settlement."""

import logging
import os
import socket
import tempfile
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, cast
from uuid import UUID
from django.conf import settings
from generations.heartbeat import Heartbeat, WorkUnwanted
from generations.models import StageRun
from generations.pipeline import STAGE, STAGES
from generations.services.stage_runs import (
    Claim,
    stage_run_abandon,
    stage_run_claim,
    stage_run_fail,
    stage_run_succeed,
)
from generations.stages.base import StageHandler, StageWork
from generations.patience import patiently
from rq.timeouts import BaseTimeoutException
from storage_app.models import Asset
from storage_app.services import assets_delete
from videogen.kernel.errors import DomainError
from videogen.kernel.logs import request_id
from videogen.kernel.states import TransitionRefused

logger = logging.getLogger(__name__)

HANDLERS = {stage.name: cast(StageHandler, import_module(f"generations.stages.{stage.name}")) for stage in STAGES}


class StageTimedOut(DomainError):
    """An attempt took longer than its stage allows."""

    code = "stage.timed_out"
    retryable = True


class StageCrashed(DomainError):
    """A bug. The log has the traceback, the client a sentence."""

    code = "internal"
    retryable = True


def run_stage(run_id: str) -> None:
    """Claim the run, do its work, settle it. A second delivery finds nothing to claim and leaves quietly."""
    request_id.set(run_id)
    claim = stage_run_claim(run_id=UUID(run_id), worker=f"{socket.gethostname()}:{os.getpid()}")
    if claim is None:
        logger.info("Nothing to do: the run is taken, settled, or not wanted any more")
        return
    kept: list[Asset] = []
    try:
        _attempt(claim, kept)
    except TransitionRefused as refused:
        logger.warning("Too late, somebody else settled this attempt: %s", refused)
        _discard(kept)


def _attempt(claim: Claim, kept: list[Asset]) -> None:
    handler = HANDLERS[claim.run.stage]
    try:
        output = _execute(handler, claim, kept)
    except WorkUnwanted:
        _discard(kept)
        patiently(lambda: stage_run_abandon(run=claim.run))
    except DomainError as error:
        _fail(claim.run, error, kept)
    except BaseTimeoutException:
        _fail(claim.run, StageTimedOut(f"{claim.run.stage} took longer than allowed."), kept)
        raise
    except Exception:
        message = f"{claim.run.stage} failed unexpectedly; the log of run {claim.run.pk} has more."
        _fail(claim.run, StageCrashed(message), kept)
        raise
    else:
        patiently(lambda: stage_run_succeed(run=claim.run, output=output, apply=handler.apply))


def _fail(run: StageRun, error: DomainError, kept: list[Asset]) -> None:
    logger.warning("%s failed: %s", run.stage, error)
    _discard(kept)
    patiently(lambda: stage_run_fail(run=run, error=error))


def _discard(kept: list[Asset]) -> None:
    """What an attempt made and could not hand over is not kept."""
    patiently(lambda: assets_delete(assets=kept))


def _execute(handler: StageHandler, claim: Claim, kept: list[Asset]) -> Mapping[str, Any]:
    scratch = settings.DATA_DIR / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    timeout = STAGE[claim.run.stage].timeout_seconds
    with (
        tempfile.TemporaryDirectory(prefix="stage-", dir=scratch, ignore_cleanup_errors=True) as directory,
        Heartbeat(claim.run, timeout_seconds=timeout) as heartbeat,
    ):
        work = StageWork(claim.run, claim.generation, claim.clip, Path(directory), heartbeat.report, kept)
        return handler.execute(work)

