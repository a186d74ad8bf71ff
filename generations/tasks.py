"""What an RQ worker runs: one attempt at one stage, from claim to settlement."""

import logging
import os
import socket
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast
from uuid import UUID

from django.db import InterfaceError, OperationalError
from rq.timeouts import BaseTimeoutException

from generations.heartbeat import Heartbeat, WorkUnwanted
from generations.models import Generation, StageRun
from generations.patience import patiently
from generations.pipeline import STAGE, STAGES
from generations.scratch import PREFIX, scratch_directory
from generations.services.stage_runs import (
    Claim,
    stage_run_abandon,
    stage_run_claim,
    stage_run_fail,
    stage_run_put_back,
    stage_run_succeed,
    stage_run_wait,
)
from generations.stages.base import StageHandler, StageWork, Waiting
from generations.states import StageStatus
from storage_app.models import Asset
from storage_app.services import assets_delete
from videogen.kernel.disk import is_full
from videogen.kernel.errors import DomainError, Postponed
from videogen.kernel.logs import request_id
from videogen.kernel.states import TransitionRefused

logger = logging.getLogger(__name__)

HANDLERS = {
    stage.name: cast(StageHandler, import_module(f"generations.stages.{stage.name}")) for stage in STAGES
}


#: As clients of the API are told of it.
DATABASE_AWAY = Postponed("The database was away.", seconds=1, code="unavailable.database")


class StageTimedOut(DomainError):
    """An attempt took longer than its stage allows."""

    code = "stage.timed_out"
    retryable = True


class DiskFull(DomainError):
    """There was no room for what an attempt writes. It was removed again; a retry works once there is."""

    code = "storage.full"


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
    except (TransitionRefused, Generation.DoesNotExist) as refused:
        logger.warning("Too late, this attempt was settled by somebody else, or deleted: %s", refused)
        _discard(kept)


def _attempt(claim: Claim, kept: list[Asset]) -> None:
    handler = HANDLERS[claim.run.stage]
    try:
        output = _execute(handler, claim, kept)
        patiently(lambda: stage_run_succeed(run=claim.run, output=output, apply=handler.apply))
    except WorkUnwanted:
        _discard(kept)
        patiently(lambda: stage_run_abandon(run=claim.run))
    except Generation.DoesNotExist:
        raise
    except TransitionRefused:
        if not StageRun.objects.filter(pk=claim.run.pk, status=StageStatus.RUNNING).exists():
            raise
        _crash(claim.run, kept)  # Its own `apply` was refused: a bug, and not a race.
        raise
    except Waiting:
        patiently(partial(stage_run_wait, run=claim.run))
    except Postponed as postponed:
        _discard(kept)
        patiently(partial(stage_run_put_back, run=claim.run, postponed=postponed))
    except DomainError as error:
        _fail(claim.run, error, kept)
    except (OperationalError, InterfaceError) as error:
        # Nobody's fault, so no attempt is used up. It is bounded as every wait is.
        logger.warning("The database was away in the middle of it: %s", error)
        _discard(kept)
        patiently(partial(stage_run_put_back, run=claim.run, postponed=DATABASE_AWAY))
    except BaseTimeoutException:
        _fail(claim.run, StageTimedOut(f"{claim.run.stage} took longer than allowed."), kept)
        raise
    except OSError as error:
        if not is_full(error):
            _crash(claim.run, kept)
            raise
        _fail(
            claim.run,
            DiskFull(f"No space is left for the files of {claim.run.stage}; make room, then retry."),
            kept,
        )
    except Exception:
        _crash(claim.run, kept)
        raise


def _fail(run: StageRun, error: DomainError, kept: list[Asset]) -> None:
    logger.warning("%s failed: %s", run.stage, error)
    _discard(kept)
    patiently(lambda: stage_run_fail(run=run, error=error))


def _crash(run: StageRun, kept: list[Asset]) -> None:
    _fail(run, StageCrashed(f"{run.stage} failed unexpectedly; the log of run {run.pk} has more."), kept)


def _discard(kept: list[Asset]) -> None:
    """What an attempt made and could not hand over is not kept."""
    patiently(lambda: assets_delete(assets=kept))


def _execute(handler: StageHandler, claim: Claim, kept: list[Asset]) -> Mapping[str, Any]:
    timeout = STAGE[claim.run.stage].timeout_seconds
    with (
        TemporaryDirectory(prefix=PREFIX, dir=scratch_directory(), ignore_cleanup_errors=True) as directory,
        Heartbeat(claim.run, timeout_seconds=timeout) as heartbeat,
    ):
        work = StageWork(claim.run, claim.generation, claim.clip, Path(directory), heartbeat.report, kept)
        return handler.execute(work)
