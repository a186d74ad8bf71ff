"""A worker whose work-horses die, or stop, at the points of a paid call. The product knows nothing of it."""

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from generations import tasks
from generations.providers.hosted.fal import FalProvider
from generations.providers.hosted.registered import RegisteredModels
from generations.providers.hosted.replicate import ReplicateProvider
from generations.services import call_sending, stage_runs
from generations.stages import conform, sending
from generations.states import CallStatus, StageStatus
from generations.testing.chaos.points import BOTH, FREEZE, HORSE, PARENT, VARIABLE
from generations.worker import StageWorker
from storage_app.backends.filesystem import AssetFileStorage
from videogen.kernel.http.network import GuardedStream
from videogen.kernel.states import StateMachine

CALL_MOVES: Mapping[str, str] = {str(CallStatus.SUBMITTING): "begin", str(CallStatus.ACCEPTED): "accept"}
STAGE_RUN_MOVES: Mapping[str, str] = {str(StageStatus.WAITING): "wait"}


class _Attempt:
    """What this work-horse is at. It has one job in its life."""

    generation: object = ""
    is_sending = False


def trap(point: str) -> None:
    """Nothing happens here, unless a trap is set."""
    directory = Path(os.environ[VARIABLE])
    own = f"{point}@{_Attempt.generation}"
    for name, sprung_as in ((own, own), (point, f"{point}~{os.getpid()}")):
        sprung = directory / "sprung" / sprung_as
        try:
            (directory / name).rename(sprung)
        except FileNotFoundError:
            continue
        _spring(sprung.read_text())


def _spring(whom: str) -> None:
    # The parent of an orphan is somebody else.
    if whom in (PARENT, BOTH) and os.getppid() == TrappedWorker.pid_of_worker:
        os.kill(TrappedWorker.pid_of_worker, signal.SIGKILL)
    if whom in (HORSE, BOTH):
        os.kill(os.getpid(), signal.SIGKILL)
    if whom == FREEZE:
        os.kill(os.getpid(), signal.SIGSTOP)


class TrappedMoves(StateMachine):
    """Moves, and may die before they are committed."""

    points: Mapping[str, str] = {}

    def move(self, row: Any, target: str, **others: Any) -> None:
        super().move(row, target, **others)
        if target in self.points:
            trap(self.points[target])


def trapped_moves(points: Mapping[str, str], machine: StateMachine) -> StateMachine:
    moves = TrappedMoves(machine.moves)
    moves.points = points
    return moves


def before(point: str, action: Callable[..., Any]) -> Callable[..., Any]:
    def trapped(*arguments: Any, **named: Any) -> Any:
        trap(point)
        return action(*arguments, **named)

    return trapped


def after(point: str, action: Callable[..., Any]) -> Callable[..., Any]:
    def trapped(*arguments: Any, **named: Any) -> Any:
        result = action(*arguments, **named)
        trap(point)
        return result

    return trapped


def during(point: str, action: Callable[..., Any]) -> Callable[..., Any]:
    """The trap is where it reports that it is under way."""

    def trapped(*arguments: Any, report: Callable[[float], None], **named: Any) -> Any:
        def reported(fraction: float) -> None:
            report(fraction)
            trap(point)

        return action(*arguments, report=reported, **named)

    return trapped


def noted(execute: Callable[..., Any]) -> Callable[..., Any]:
    def trapped(handler: Any, claim: stage_runs.Claim, kept: Any) -> Any:
        _Attempt.generation = claim.generation.pk
        return execute(handler, claim, kept)

    return trapped


def sent(submit: Callable[..., Any]) -> Callable[..., Any]:
    def trapped(*arguments: Any, **named: Any) -> Any:
        _Attempt.is_sending = True
        try:
            return submit(*arguments, **named)
        finally:
            _Attempt.is_sending = False

    return trapped


def read_after_sending(read: Callable[..., bytes]) -> Callable[..., bytes]:
    def trapped(*arguments: Any, **named: Any) -> bytes:
        if _Attempt.is_sending:
            trap("sent")
        return read(*arguments, **named)

    return trapped


def succeeding(succeed: Callable[..., None]) -> Callable[..., None]:
    def trapped(*, run: Any, output: Any, apply: Callable[..., None]) -> None:
        is_clip = run.stage == "clip"
        succeed(run=run, output=output, apply=after("succeed", apply) if is_clip else apply)
        if is_clip:
            trap("succeeded")

    return trapped


def _replace(owner: Any, name: str, kind: Callable[..., Any], *point: object) -> None:
    setattr(owner, name, kind(*point, getattr(owner, name)))


class TrappedWorker(StageWorker):
    """Sets the traps in this process; its work-horses inherit them."""

    pid_of_worker = 0

    def work(self, *arguments: Any, **named: Any) -> bool:
        TrappedWorker.pid_of_worker = os.getpid()
        _replace(call_sending, "CALL", trapped_moves, CALL_MOVES)
        _replace(stage_runs, "STAGE_RUN", trapped_moves, STAGE_RUN_MOVES)
        _replace(tasks, "_execute", noted)
        _replace(sending, "call_begin", after, "begun")
        _replace(ReplicateProvider, "submit", sent)
        _replace(FalProvider, "submit", sent)
        _replace(GuardedStream, "read", read_after_sending)
        _replace(sending, "call_accept", before, "answered")
        _replace(sending, "call_accept", after, "accepted")
        _replace(tasks, "stage_run_wait", after, "waited")
        _replace(RegisteredModels, "fetch", during, "fetch")
        _replace(RegisteredModels, "fetch", after, "fetched")
        _replace(AssetFileStorage, "upload", after, "stored")
        _replace(tasks, "stage_run_succeed", succeeding)
        _replace(conform, "clip_conform", during, "conform")
        return super().work(*arguments, **named)
