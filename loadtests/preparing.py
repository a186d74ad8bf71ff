"""Readies a stack for its users: `python -m loadtests.preparing 50` prints 50 API keys as a JSON list.

It also encodes the clips that the provider `prerendered` hands out. That would be done on the way,
once for each size and length, and is the provider's cost, not the service's.
"""

import hashlib
import inspect
import json
import os
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import django
from django.conf import settings

django.setup()

from generations.media import encoder, layout  # noqa: E402  Settings come first.
from generations.media.ffmpeg import end_with  # noqa: E402
from generations.media.frame import frame_format  # noqa: E402
from generations.providers import prerendered  # noqa: E402
from loadtests.prompts import ASPECT_RATIOS, RESOLUTION  # noqa: E402
from videogen.accounts.services import api_key_create  # noqa: E402
from videogen.stack.keys import LOCAL_USER  # noqa: E402

#: What decides how a ready clip looks and is encoded.
ENCODED_BY = (layout, encoder, prerendered)
#: What scenes of the prompts and durations last that users ask for, in half seconds.
HALF_SECONDS = range(4, 18)


def main() -> None:
    made = [api_key_create(user_name=LOCAL_USER, name=f"load {number}") for number in range(int(sys.argv[1]))]
    clips = settings.DATA_DIR / "prerendered"
    kept = kept_directory()
    if kept.exists():
        shutil.copytree(kept, clips)
    # Forked: another way to start has another parent.
    context = get_context("fork")
    with ProcessPoolExecutor(os.cpu_count(), context, initializer=end_with, initargs=(os.getpid(),)) as pool:
        list(pool.map(encode, *zip(*product(ASPECT_RATIOS, HALF_SECONDS), strict=True)))
    shutil.copytree(clips, kept, dirs_exist_ok=True)
    json.dump([secret for _, secret in made], sys.stdout)


def kept_directory() -> Path:
    """The next run need not encode them again, unless it would do it in another way."""
    how = hashlib.sha256()
    for module in ENCODED_BY:
        how.update(inspect.getsource(module).encode())
    return Path(f"out/loadtest-clips-{how.hexdigest()[:12]}")


def encode(aspect_ratio: str, half_seconds: int) -> None:
    frame = frame_format(aspect_ratio=aspect_ratio, resolution=RESOLUTION)
    prerendered.ready_clip(frame, Decimal(f"{half_seconds / 2:.1f}"))


if __name__ == "__main__":
    main()
