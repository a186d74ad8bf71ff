"""Frames become a conformed clip, or nothing."""

import numpy
import pytest

from generations.media.conform import is_conformed
from generations.media.encoder import FrameEncoder
from generations.media.ffmpeg import MediaError
from generations.media.frame import FrameFormat
from generations.media.probe import probe
from generations.tests.sample_clips import SMALL, own_clip, picture, pixel


def test_a_clip_holds_every_frame_in_the_common_form(tmp_path):
    info = probe(own_clip(tmp_path / "clip.mp4", seconds=2.5))
    assert is_conformed(info, frame=SMALL, frames=60)
    assert info.duration_seconds == 2.5


def test_the_form_holds_for_other_rates_too(tmp_path):
    frame = FrameFormat(width=96, height=64, fps=30)
    info = probe(own_clip(tmp_path / "clip.mp4", seconds=1.5, frame=frame))
    assert is_conformed(info, frame=frame, frames=45)


def test_equal_frames_give_equal_bytes(tmp_path):
    first, second = own_clip(tmp_path / "a.mp4"), own_clip(tmp_path / "b.mp4")
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (200, 120, 40)])
def test_a_colour_comes_back_as_it_was_drawn(tmp_path, colour):
    red, green, blue = colour
    pixels = numpy.full((SMALL.height, SMALL.width, 4), (blue, green, red, 255), numpy.uint8)
    with FrameEncoder(tmp_path / "clip.mp4", SMALL) as encoder:
        encoder.write(pixels.data)
    assert pixel(tmp_path / "clip.mp4") == pytest.approx(colour, abs=3)


def test_an_error_while_drawing_leaves_no_file(tmp_path):
    with pytest.raises(ZeroDivisionError), FrameEncoder(tmp_path / "clip.mp4", SMALL) as encoder:
        encoder.write(picture(0))
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_clip_without_frames_is_refused(tmp_path):
    with pytest.raises(MediaError), FrameEncoder(tmp_path / "clip.mp4", SMALL):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_frame_of_another_size_is_refused(tmp_path):
    with (
        pytest.raises(ValueError, match="57600 bytes"),
        FrameEncoder(tmp_path / "clip.mp4", SMALL) as encoder,
    ):
        encoder.write(b"\0" * 100)


def test_a_full_disk_is_named_and_leaves_no_file(tmp_path):
    (tmp_path / ".clip.mp4.part").symlink_to("/dev/full")
    with pytest.raises(MediaError) as caught:
        own_clip(tmp_path / "clip.mp4")
    assert caught.value.code == "storage.full"
    assert list(tmp_path.iterdir()) == []


def test_frames_that_come_too_slowly_run_out_of_time(tmp_path):
    encoder = FrameEncoder(tmp_path / "clip.mp4", SMALL, timeout_seconds=0.3)
    with pytest.raises(MediaError) as caught, encoder:
        while True:
            encoder.write(picture(0))
    assert caught.value.code == "media.timeout"
