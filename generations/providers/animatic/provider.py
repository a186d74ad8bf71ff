"""The provider `animatic`: draws each clip itself, at once and for nothing."""

import importlib
import importlib.util
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import ModuleType

from generations.media.frame import ASPECT_RATIOS, RESOLUTIONS
from generations.providers.animatic.gl_stub import gl_ensure
from generations.providers.base import Capabilities, ClipSpec, ProviderUnavailable, Submission
from videogen.kernel.progress import ReportProgress

MODEL = "animatic-1"
_RENDERER = "generations.providers.animatic.renderer"


class AnimaticProvider:
    """Illustrated previews with real motion. They say what a film could be; they are not footage."""

    name = "animatic"

    def capabilities(self) -> Capabilities:
        """Everything that can be asked for: it draws to measure."""
        return Capabilities(
            models=(MODEL,),
            aspect_ratios=tuple(ASPECT_RATIOS),
            resolutions=tuple(RESOLUTIONS),
            min_clip_seconds=Decimal(1),
            max_clip_seconds=Decimal(15),
            audio=False,
            paid=False,
            description="Illustrated animatic, drawn by this server: free, quick, equal for equal seeds.",
            notice="This is an animatic: an illustrated preview drawn by this server, not footage.",
            conformed=True,
        )

    def unavailable_because(self) -> str | None:
        """Whether Skia is installed."""
        return None if _is_installed() else "The drawing library is missing. Install the package skia-python."

    def prepare(self) -> None:
        """Load Skia and all that draws."""
        load_renderer()

    def estimate(self, spec: ClipSpec) -> Decimal:
        """It costs nothing."""
        return Decimal(0)

    def submit(self, spec: ClipSpec, *, token: str) -> Submission:
        """There is nobody to ask, so it is ready at once; the work is done in `fetch`."""
        return Submission(job_id=f"animatic-{token}")

    def fetch(self, spec: ClipSpec, job_id: str, *, into: Path, report: ReportProgress) -> tuple[str, ...]:
        """Draw the clip and encode it to `into`."""
        warnings: tuple[str, ...] = load_renderer().render_clip(spec, into, report)
        return warnings


def load_renderer() -> ModuleType:
    """What draws. Loaded on use: API processes know this provider, and need not carry Skia for it."""
    gl_ensure()
    try:
        return importlib.import_module(_RENDERER)
    except ImportError as error:
        raise ProviderUnavailable(f"The drawing library cannot be loaded: {error}") from error


@cache  # Every request asks, and looking means to go through every folder of the path.
def _is_installed() -> bool:
    return importlib.util.find_spec("skia") is not None
