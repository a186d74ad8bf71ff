"""Bytes to keep."""

import random
from pathlib import Path

MP4_HEAD = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41"
JPEG_HEAD = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"


def video_file(path: Path, *, size_bytes: int = 1000) -> Path:
    """Something that looks like an MP4 from the outside, with no two parts alike."""
    path.write_bytes(MP4_HEAD + random.Random(1).randbytes(size_bytes - len(MP4_HEAD)))
    return path
