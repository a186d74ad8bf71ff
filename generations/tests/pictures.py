"""Pictures to send, and what comes of them."""

import random
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from PIL import Image

from generations.models import Generation
from generations.providers.hosted.files import REPLICATE_INLINE_BYTES
from generations.testing.video_servers import FalServer, ReplicateServer
from generations.tests.studio import Studio
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


@pytest.fixture
def large(studio: Studio) -> Asset:
    asset = reference(studio.owner, size=(200, 200), seed=1)
    assert asset.size_bytes > REPLICATE_INLINE_BYTES
    return asset


@pytest.fixture
def small(studio: Studio) -> Asset:
    asset = reference(studio.owner, size=(64, 64))
    assert asset.size_bytes <= REPLICATE_INLINE_BYTES
    return asset


def ordered(studio: Studio, *assets: Asset, **request: Any) -> Generation:
    return studio.order(references=[str(asset.pk) for asset in assets], **request)


def inputs(server: ReplicateServer | FalServer) -> list[Any]:
    """What the provider was asked for."""
    return [each.input for each in server.ledger.submissions()]
