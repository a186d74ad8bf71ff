"""The steps of a paid call at which somebody may be made to die, and how that is ordered.

CHAOS_TRAPS is a directory. A file in it that is called after a point is a trap for the first attempt
that gets there; `POINT@GENERATION` is one for that generation only. What is written in it says whom
it takes. A trap that has sprung is moved to `sprung`.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

#: In the order in which a paid clip comes by.
POINTS: Mapping[str, str] = {
    "begin": "`submitting` is written, and not committed",
    "begun": "`submitting` is committed, and nothing has been sent",
    "sent": "the request has been sent, and no answer has been read",
    "answered": "the provider has answered, and nothing of that is written",
    "accept": "the provider's id is written, and not committed",
    "accepted": "the provider's id is committed, and the attempt still runs",
    "wait": "`waiting` is written, and not committed",
    "waited": "`waiting` is committed, and the work-horse is still there",
    "fetch": "the clip is being downloaded",
    "fetched": "the clip lies in the scratch directory",
    "stored": "the bytes are stored, and no row says so",
    "succeed": "the success of the clip is written, and not committed",
    "succeeded": "the success of the clip is committed",
    "conform": "the clip is being conformed",
}
#: The parent is the RQ worker, without which its work-horse goes on as an orphan.
HORSE, PARENT, BOTH, FREEZE = "horse", "parent", "both", "freeze"
WHOM = (HORSE, PARENT, BOTH)
WORKER_CLASS = "generations.testing.chaos.traps.TrappedWorker"
VARIABLE = "CHAOS_TRAPS"


def trap_set(directory: Path, point: str, whom: str, *, generation: object = "") -> Path:
    """Set one. Answers where it is once it has sprung, if it is for a generation."""
    name = f"{point}@{generation}" if generation else point
    unfinished = directory / f".{name}"
    unfinished.write_text(whom)
    unfinished.replace(directory / name)
    return directory / "sprung" / name


def traps_make(directory: Path) -> None:
    """Make the directory, without a trap in it."""
    (directory / "sprung").mkdir(parents=True)


def traps_sprung(directory: Path) -> Counter[str]:
    """How often which trap has sprung."""
    paths = (directory / "sprung").iterdir()
    return Counter(f"{path.name.partition('~')[0]} {path.read_text()}" for path in paths)


def traps_clear(directory: Path) -> None:
    """Take away what has not sprung."""
    for path in directory.iterdir():
        if path.is_file():
            path.unlink(missing_ok=True)
