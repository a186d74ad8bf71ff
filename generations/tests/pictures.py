"""Pictures to send."""

import random
from io import BytesIO
from typing import Any

from django.contrib.auth.models import User
from PIL import Image

from storage_app.models import Asset
from storage_app.services import reference_create


def picture(*, size: tuple[int, int] = (80, 64), seed: int = 0) -> bytes:
    """Noise, so that it cannot be packed; each seed is another picture. Seed 0 is white, and small."""
    pixels = random.Random(seed).randbytes(3 * size[0] * size[1]) if seed else b""
    image = Image.frombytes("RGB", size, pixels) if seed else Image.new("1", size, "white")
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def reference(owner: User, **options: Any) -> Asset:
    """A stored one."""
    return reference_create(owner=owner, file=BytesIO(picture(**options)))
