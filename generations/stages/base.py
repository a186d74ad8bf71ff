"""What a stage is given, and what it has to offer."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from generations.models import Clip, Generation, StageRun
from generations.patience import patiently
from storage_app.models import Asset, AssetKind
from storage_app.services import asset_create, asset_fetch
from videogen.kernel.progress import ReportProgress


class Waiting(Exception):
    """A provider has the work, and nobody here has to hold it meanwhile."""


@dataclass(frozen=True)
class StageWork:
    """One attempt at work. `directory` is its own and goes when it ends; `kept` are the assets it has made.

    `report` takes the fraction done and raises when the work is no longer wanted.
    """

    run: StageRun
    generation: Generation
    clip: Clip | None
    directory: Path
    report: ReportProgress
    kept: list[Asset]

    def keep(self, path: Path, kind: AssetKind) -> str:
        """Store a file and answer the asset's id. It is deleted again if the attempt is too late.

        What has been made is not lost to a database that restarts at this moment.
        """
        asset = patiently(
            lambda: asset_create(owner=self.generation.owner, kind=kind, path=path, name=path.name)
        )
        self.kept.append(asset)
        return str(asset.pk)

    def fetch(self, asset: Asset | None, name: str) -> Path:
        """Bring an asset's bytes here."""
        if asset is None:
            raise LookupError(f"{name} has not been made")
        path = self.directory / name
        asset_fetch(asset=asset, into=path)
        return path


def one_clip(clip: Clip | None) -> Clip:
    """The clip of a per-clip stage."""
    if clip is None:
        raise LookupError("This stage runs per clip.")
    return clip


def warnings_add(generation: Generation, output: Mapping[str, Any]) -> None:
    """Add the warnings of a stage's output; the same one from ten clips is one. The caller saves."""
    generation.warnings = list(dict.fromkeys([*generation.warnings, *output["warnings"]]))


class StageHandler(Protocol):
    """A module below `generations.stages`."""

    def execute(self, work: StageWork) -> Mapping[str, Any]:
        """Do the work, and answer plain values to be stored. May be killed, and run again, at any point."""

    def apply(self, generation: Generation, clip: Clip | None, output: Mapping[str, Any]) -> None:
        """Write what was made. Runs in the settling transaction, with the generation locked."""
