"""Clients' pictures: whatever comes, what is kept is a plain JPEG, or nothing."""

import random
import struct
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from storage_app.errors import PictureRefused
from storage_app.pictures import picture_normalise

RED, GREEN, BLUE = (200, 30, 30), (30, 200, 30), (30, 30, 200)
ORIENTATION, GPS, MAKE = 0x0112, 0x8825, 0x010F
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><html><body><img src=x onerror=alert(1)></body></html>"


def drawn(mode: str = "RGB", size: tuple[int, int] = (200, 100)) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    return image.convert(mode)


def encoded(image: Image.Image, form: str = "PNG", **options) -> bytes:
    file = BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def noise(width: int, height: int) -> Image.Image:
    return Image.frombytes("RGB", (width, height), random.Random(1).randbytes(3 * width * height))


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_that_claims(width: int, height: int) -> bytes:
    """Its head is right, and there are hardly any pixels."""
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = png_chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + head + pixels + png_chunk(b"IEND", b"")


@pytest.fixture
def normalised(tmp_path: Path):
    """What becomes of these bytes."""

    def normalise(content: bytes) -> Image.Image:
        source, target = tmp_path / "source.png", tmp_path / "target.jpg"
        source.write_bytes(content)
        picture = picture_normalise(source, target)
        image = Image.open(target, formats=["JPEG"])
        assert (image.size, image.mode) == ((picture.width, picture.height), "RGB")
        return image

    return normalise


def assert_near(image: Image.Image, at: tuple[int, int], colour: tuple[int, int, int]) -> None:
    found = image.getpixel(at)
    assert isinstance(found, tuple)
    assert all(abs(ours - theirs) < 20 for ours, theirs in zip(found, colour, strict=True)), found


ANIMATION = {"save_all": True, "append_images": [Image.new("RGB", (200, 100), GREEN)], "duration": 100}
PICTURES = {
    "jpeg": encoded(drawn(), "JPEG", quality=95),
    "progressive jpeg": encoded(drawn(), "JPEG", progressive=True, quality=95),
    "cmyk jpeg": encoded(drawn("CMYK"), "JPEG", quality=95),
    "png": encoded(drawn()),
    "png with a palette": encoded(drawn("P")),
    "webp": encoded(drawn(), "WEBP", quality=95),
    "animated webp": encoded(drawn(), "WEBP", **ANIMATION),
    "animated png": encoded(drawn(), "PNG", **ANIMATION),
    "with a web page behind it": encoded(drawn()) + HTML,
}


@pytest.mark.parametrize("content", PICTURES.values(), ids=PICTURES)
def test_every_kind_of_picture_becomes_a_jpeg_of_its_first_frame(normalised, content):
    image = normalised(content)
    assert image.size == (200, 100)
    assert_near(image, (30, 50), RED)
    assert_near(image, (170, 50), BLUE)


def test_sixteen_bits_become_eight(normalised):
    grey = Image.new("I;16", (100, 100), 40_000)
    assert_near(normalised(encoded(grey)), (50, 50), (156, 156, 156))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_becomes_white(normalised, mode):
    image = drawn("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 100, 100))
    assert_near(normalised(encoded(image.convert(mode))), (30, 50), (255, 255, 255))


def test_a_colour_that_stands_for_transparent_becomes_white(normalised):
    assert_near(normalised(encoded(drawn(), transparency=RED)), (30, 50), (255, 255, 255))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_turned_upright_and_tells_nothing_of_its_camera(normalised, form):
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKE] = 6, "Camera"  # To be turned by a quarter.
    exif.get_ifd(GPS)[2] = (52.0, 31.0, 12.0)
    image = normalised(encoded(drawn(), form, exif=exif))
    assert image.size == (100, 200)
    assert_near(image, (50, 30), RED)
    assert (dict(image.getexif()), dict(image.getexif().get_ifd(GPS))) == ({}, {})


def test_no_word_of_the_original_is_left(normalised, tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    normalised(encoded(drawn(), "JPEG", comment=b"a secret", icc_profile=profile, xmp=b"<x>a secret</x>"))
    kept = (tmp_path / "target.jpg").read_bytes()
    assert b"secret" not in kept and b"ICC_PROFILE" not in kept


@pytest.mark.parametrize(("size", "kept"), [((4096, 1024), (2048, 512)), ((1000, 3000), (683, 2048))])
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_the_longest_side_is_at_most_2048(normalised, form, size, kept):
    assert normalised(encoded(drawn(size=size), form)).size == kept


def test_a_picture_that_is_small_enough_is_not_enlarged(normalised):
    assert normalised(encoded(drawn(size=(64, 64)))).size == (64, 64)


REFUSED = {
    "nothing": (b"", "asset.unreadable"),
    "svg": (SVG, "asset.unreadable"),
    "a web page": (HTML, "asset.unreadable"),
    "gif": (encoded(drawn(), "GIF"), "asset.unreadable"),
    "bmp": (encoded(drawn(), "BMP"), "asset.unreadable"),
    "tiff": (encoded(drawn(), "TIFF"), "asset.unreadable"),
    "text": (b"a cup", "asset.unreadable"),
    "half a png": (encoded(noise(200, 100))[:20_000], "asset.unreadable"),
    "half a jpeg": (encoded(noise(200, 100), "JPEG")[:5000], "asset.unreadable"),
    "half a webp": (encoded(noise(200, 100), "WEBP")[:5000], "asset.unreadable"),
    "a png without its pixels": (png_that_claims(500, 500), "asset.unreadable"),
    "a bomb": (png_that_claims(6400, 6400), "asset.too_large"),
    "a larger bomb": (png_that_claims(50_000, 50_000), "asset.too_large"),
    "the largest": (png_that_claims(2**31 - 1, 2**31 - 1), "asset.too_large"),
    "a dot": (encoded(drawn(size=(63, 200))), "asset.too_small"),
    "a line": (encoded(drawn(size=(4096, 100))), "asset.too_small"),
}


@pytest.mark.parametrize(("content", "code"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_usable_picture_is_refused_with_a_sentence(normalised, tmp_path, content, code):
    with pytest.raises(PictureRefused) as refused:
        normalised(content)
    assert (refused.value.code, refused.value.status) == (code, 422)
    assert str(refused.value).endswith(".")
    assert not (tmp_path / "target.jpg").exists()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_damage_at_any_place_is_refused_or_survived(normalised, form):
    whole, chance = encoded(noise(80, 80), form), random.Random(2)
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            damaged[chance.randrange(min(len(damaged), 400))] = chance.randrange(256)
        try:
            normalised(bytes(damaged))
        except PictureRefused:
            continue


def test_a_text_chunk_that_unpacks_to_gigabytes_is_refused(normalised):
    bomb = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100_000_000)))
    whole = encoded(drawn())
    with pytest.raises(PictureRefused):
        normalised(whole[:33] + bomb + whole[33:])
