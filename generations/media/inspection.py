"""The last look at a finished video: is it what was promised, and is there something to see?"""

import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from generations.media.ffmpeg import ffmpeg_run, source
from generations.media.frame import FrameFormat
from generations.media.probe import MediaInfo, probe

DURATION_TOLERANCE = 0.02
TIMEOUT_SECONDS = 300
#: Looking at the keyframes alone takes a fifth of the time; they are two seconds apart.
BLACK_SECONDS = 1.0
FROZEN_SECONDS = 3.0
SILENT_SECONDS = 2.0

_STRETCH = re.compile(r"(?:black_duration|freeze_duration|silence_duration): ?([\d.]+)")
