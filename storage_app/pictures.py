"""A client's picture, made into one that every provider takes and that tells nothing of where it was taken.

What comes out was drawn anew from the pixels: no EXIF, no place, no comment, nothing behind the end.
"""

import struct
import threading
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from storage_app.errors import PictureRefused, error_of

#: Their decoders, and no other: Pillow has fifty.
FORMATS = ("JPEG", "PNG", "WEBP")
MAX_PIXELS = 40_000_000
#: A picture with a smaller side is of no use to any model.
MIN_SIDE = 64
MAX_SIDE = 2048
QUALITY = 92
#: What Pillow's decoders raise at bytes that are not what they say they are.
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, struct.error, LookupError, TypeError, OverflowError)
#: Modes that can be made smaller as they are; what is transparent stays so.
_PLAIN = ("L", "LA", "RGB", "RGBA")

# A picture may take 300 MB while it is decoded, and a process has several threads.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Picture:
    """Its size in pixels."""

    width: int
    height: int


def picture_normalise(source: Path, target: Path) -> Picture:
    """Write the picture as a JPEG, upright, on white, no side longer than MAX_SIDE.

    Of an animation, it is the first frame. Raises `PictureRefused` for what cannot be used, and
    StorageError where there is no room for it.
    """
    with _one_at_a_time:
        canvas = _drawn_anew(source)
    try:
        canvas.save(target, "JPEG", quality=QUALITY)
    except OSError as error:
        raise error_of(error, target.name) from error
    return Picture(*canvas.size)


def _drawn_anew(source: Path) -> Image.Image:
    try:
        with Image.open(source, formats=FORMATS) as image:
            _check_size(*image.size)
            # A JPEG is decoded at half of its size, or less, where that is enough.
            image.draft(None, (MAX_SIDE, MAX_SIDE))
            small = _plain(image)
            small.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
            return _on_white(ImageOps.exif_transpose(small))
    except Image.DecompressionBombError as error:
        raise _too_large() from error
    except _DAMAGED as error:
        message = "This is no picture that can be read: it has to be a whole JPEG, PNG or WebP."
        raise PictureRefused(message) from error


def _check_size(width: int, height: int) -> None:
    """By what its head says, before anything is decoded."""
    if width * height > MAX_PIXELS:
        raise _too_large()
    shrinking = min(1.0, MAX_SIDE / max(width, height, 1))
    if min(width, height) * shrinking < MIN_SIDE:
        raise PictureRefused(
            f"This picture is {width} x {height} pixels, which is too small or too narrow: its shorter side "
            f"must have {MIN_SIDE}, also when the longer one is reduced to {MAX_SIDE}.",
            code="asset.too_small",
        )


def _too_large() -> PictureRefused:
    message = f"This picture has more than {MAX_PIXELS // 1_000_000} million pixels; send a smaller one."
    return PictureRefused(message, code="asset.too_large")


def _plain(image: Image.Image) -> Image.Image:
    """The whole picture, decoded, in a mode that resampling takes."""
    if image.mode.startswith("I"):
        # Pillow would cut 16 bits off at 255 instead of scaling them.
        return image.point(lambda value: value / 256).convert("L")
    image.load()
    if image.has_transparency_data:
        return image if image.mode in ("LA", "RGBA") else image.convert("RGBA")
    return image if image.mode in _PLAIN else image.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    """The pixels alone: what else comes with a picture stays behind."""
    canvas = Image.new("RGB", image.size, "white")
    mask = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    canvas.paste(image.convert("RGB"), mask=mask)
    return canvas
