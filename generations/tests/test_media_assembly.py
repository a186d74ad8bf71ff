"""Clips are joined by copying, and the whole has sound of the same length."""

from decimal import Decimal
from pathlib import Path

import av
import numpy
import pytest

from generations.media.assembly import clips_assemble
from generations.media.conform import clip_conform
from generations.media.ffmpeg import MediaError
from generations.media.frame import FrameFormat
from generations.media.probe import probe
from generations.tests.sample_clips import SMALL, foreign_clip, own_clip, packets_md5

LENGTHS = (1.5, 2, 0.5, 3.5, 1)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    directory: Path = tmp_path_factory.mktemp("clips")
    return [
        own_clip(directory / f"{number} it's.mp4", seconds=seconds, start=100 * number)
        for number, seconds in enumerate(LENGTHS)
    ]


@pytest.fixture(scope="module")
def clip_with_sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory: Path = tmp_path_factory.mktemp("sound")
    foreign = foreign_clip(directory / "a.mp4", "testsrc2=s=160x90:r=24:d=2", sound="sine=f=440:r=48000:d=2")
    clip_conform(foreign, directory / "b.mp4", frame=SMALL, duration_seconds=Decimal(2), trusted=False)
    return directory / "b.mp4"


def loudness(video: Path) -> numpy.ndarray:
    """The loudest sample of each tenth of a second."""
    with av.open(str(video)) as container:
        sound = numpy.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    loudest: numpy.ndarray = numpy.abs(sound[: len(sound) // 4800 * 4800].reshape(-1, 4800)).max(axis=1)
    return loudest


def test_the_pictures_are_copied_bit_by_bit(tmp_path, clips):
    clips_assemble(clips, tmp_path / "video.mp4")
    assert packets_md5(tmp_path / "video.mp4") == packets_md5(*clips)


def test_the_whole_is_as_long_as_its_clips_and_has_silence_of_that_length(tmp_path, clips):
    info = clips_assemble(clips, tmp_path / "video.mp4")
    assert (info.video_seconds, info.audio_seconds) == (sum(LENGTHS), sum(LENGTHS))
    assert (info.frames, info.constant_rate, info.fps) == (SMALL.frames(sum(LENGTHS)), True, 24)
    assert (info.audio_codec, info.sample_rate, info.channels, info.faststart) == ("aac", 48_000, 2, True)
    assert loudness(tmp_path / "video.mp4").tolist() == [0] * 85


def test_every_frame_can_be_decoded_in_order(tmp_path, clips):
    clips_assemble(clips, tmp_path / "video.mp4")
    with av.open(str(tmp_path / "video.mp4")) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert times == pytest.approx([number / 24 for number in range(SMALL.frames(sum(LENGTHS)))])


def test_a_clip_with_sound_is_heard_where_it_is_seen_and_nowhere_else(tmp_path, clips, clip_with_sound):
    info = clips_assemble([clips[0], clip_with_sound, clips[1]], tmp_path / "video.mp4")
    heard = loudness(tmp_path / "video.mp4") > 0.05
    assert info.audio_seconds == info.video_seconds == 5.5
    assert heard[:14].sum() == 0
    assert heard[15:34].all()
    assert heard[36:].sum() == 0


def test_the_same_clips_give_the_same_file(tmp_path, clips, clip_with_sound):
    for name in "ab":
        clips_assemble([*clips, clip_with_sound], tmp_path / name, title="A cup")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_title_is_the_only_thing_said_about_the_video(tmp_path, clips):
    clips_assemble(clips, tmp_path / "video.mp4", title="Ein Café")
    with av.open(str(tmp_path / "video.mp4")) as container:
        said = {name: value for name, value in container.metadata.items() if "brand" not in name}
    assert said == {"title": "Ein Café", "minor_version": "512"}


def test_clips_of_different_forms_are_refused(tmp_path, clips):
    other = own_clip(tmp_path / "other.mp4", frame=FrameFormat(width=96, height=64))
    with pytest.raises(MediaError) as caught:
        clips_assemble([*clips, other], tmp_path / "video.mp4")
    assert caught.value.code == "media.not_conformed"


def test_no_clips_are_refused(tmp_path):
    with pytest.raises(MediaError):
        clips_assemble([], tmp_path / "video.mp4")


def fail(fraction: float) -> None:
    raise ZeroDivisionError


def test_a_report_that_raises_leaves_no_file(tmp_path, clips):
    with pytest.raises(ZeroDivisionError):
        clips_assemble(clips, tmp_path / "video.mp4", report=fail)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_named_and_leaves_no_file(tmp_path, clips):
    (tmp_path / ".video.mp4.part").symlink_to("/dev/full")
    with pytest.raises(MediaError) as caught:
        clips_assemble(clips, tmp_path / "video.mp4")
    assert (caught.value.code, probe(clips[0]).frames) == ("storage.full", 36)
    assert list(tmp_path.iterdir()) == []
