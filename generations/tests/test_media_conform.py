"""Whatever a provider sends comes out in the common form, or is refused by name."""

from decimal import Decimal
from pathlib import Path

import pytest

from generations.media.conform import clip_conform, is_conformed
from generations.media.ffmpeg import MediaError
from generations.media.frame import FrameFormat
from generations.media.probe import MediaInfo, probe
from generations.tests.sample_clips import SMALL, foreign_clip, own_clip, pixel

TALL = FrameFormat(width=90, height=160)
TONE = "sine=f=440:r=44100:d=1.5"
FOREIGN = {
    "another size and rate": ("a.mp4", "testsrc2=s=320x240:r=30:d=2", ["-c:v", "libx264"], ""),
    "a fractional rate": ("b.mp4", "testsrc2=s=160x90:r=30000/1001:d=2", ["-c:v", "mpeg4"], ""),
    "WebM with Opus": ("c.webm", "testsrc2=s=200x100:r=25:d=2", ["-c:v", "libvpx", "-c:a", "libopus"], TONE),
    "sound that is too short": ("d.mp4", "testsrc2=s=160x90:r=24:d=2", ["-c:v", "libx264"], TONE),
    "ten bits, no subsampling": ("e.mkv", "testsrc2=s=160x90:r=24:d=2", ["-pix_fmt", "yuv444p10le"], ""),
    "too long": ("f.mp4", "testsrc2=s=160x90:r=24:d=4", ["-c:v", "libx264"], "sine=d=4"),
    "a little short": ("g.mp4", "testsrc2=s=160x90:r=24:d=1.2", ["-c:v", "libx264"], ""),
    "wide pixels": ("h.mp4", "testsrc2=s=160x90:r=24:d=2", ["-vf", "setsar=4/3"], ""),
}


def conform(
    clip: Path, target: Path, seconds: str = "2", *, frame: FrameFormat = SMALL, trusted: bool = False
) -> MediaInfo:
    return clip_conform(clip, target, frame=frame, duration_seconds=Decimal(seconds), trusted=trusted)


@pytest.mark.parametrize("name, video, options, sound", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("frame", [SMALL, TALL], ids=["wide", "tall"])
def test_a_foreign_clip_comes_out_in_the_common_form(tmp_path, name, video, options, sound, frame):
    clip = foreign_clip(tmp_path / name, video, *options, sound=sound)
    info = conform(clip, tmp_path / "target.mp4", frame=frame)
    assert is_conformed(info, frame=frame, frames=48)
    assert (info.audio_codec, info.audio_seconds) == (("flac", 2.0) if sound else (None, 0.0))


def test_sound_that_is_not_wanted_is_left_out(tmp_path):
    clip = foreign_clip(tmp_path / "clip.mp4", "testsrc2=s=160x90:r=24:d=2", sound=TONE)
    arguments = {"frame": SMALL, "duration_seconds": Decimal(2), "trusted": True}
    assert clip_conform(clip, tmp_path / "with.mp4", **arguments).audio_codec == "flac"
    assert (
        clip_conform(tmp_path / "with.mp4", tmp_path / "b.mp4", **arguments, sound=False).audio_codec is None
    )


def test_a_trusted_clip_that_measures_right_is_not_encoded_again(tmp_path):
    clip = own_clip(tmp_path / "clip.mp4")
    conform(clip, tmp_path / "target.mp4", trusted=True)
    assert (tmp_path / "target.mp4").samefile(clip)


@pytest.mark.parametrize("seconds, frame", [("1.5", SMALL), ("2", TALL)])
def test_a_trusted_clip_that_measures_wrong_is_encoded_again(tmp_path, seconds, frame):
    clip = own_clip(tmp_path / "clip.mp4")
    info = conform(clip, tmp_path / "target.mp4", seconds, frame=frame, trusted=True)
    assert is_conformed(info, frame=frame, frames=frame.frames(float(seconds)))
    assert not (tmp_path / "target.mp4").samefile(clip)


def test_a_clip_that_is_not_trusted_is_encoded_even_if_it_measures_right(tmp_path):
    clip = own_clip(tmp_path / "clip.mp4")
    conform(clip, tmp_path / "target.mp4")
    assert not (tmp_path / "target.mp4").samefile(clip)


def test_a_clip_that_lacks_more_than_half_is_refused(tmp_path):
    clip = own_clip(tmp_path / "clip.mp4", seconds=1)
    with pytest.raises(MediaError, match=r"1\.00 of 2\.5 seconds") as caught:
        conform(clip, tmp_path / "target.mp4", "2.5")
    assert caught.value.code == "media.too_short"


def test_a_high_definition_clip_without_colour_tags_keeps_its_colours(tmp_path):
    clip = foreign_clip(
        tmp_path / "clip.mp4",
        "color=0x00c000:s=1280x720:r=24:d=1",
        *["-vf", "scale=out_color_matrix=bt709,setparams=colorspace=unknown", "-c:v", "mpeg4", "-q:v", "2"],
    )
    conform(clip, tmp_path / "target.mp4", "1")
    assert pixel(tmp_path / "target.mp4") == pytest.approx((0, 192, 0), abs=4)


def test_a_file_that_is_cut_off_is_refused(tmp_path):
    clip = foreign_clip(tmp_path / "whole.mp4", "testsrc2=s=160x90:r=24:d=2", "-movflags", "+faststart")
    (tmp_path / "cut.mp4").write_bytes(clip.read_bytes()[:-300])
    with pytest.raises(MediaError, match="cut off") as caught:
        conform(tmp_path / "cut.mp4", tmp_path / "target.mp4")
    assert caught.value.code == "media.unreadable"
    assert not (tmp_path / "target.mp4").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"ffconcat version 1.0\nfile clip.mp4\n",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nclip.mp4\n#EXT-X-ENDLIST\n",
        b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
        b"",
    ],
    ids=["script", "playlist", "header alone", "empty"],
)
def test_what_is_not_a_video_is_refused(tmp_path, content):
    own_clip(tmp_path / "clip.mp4", seconds=0.5)
    (tmp_path / "upload.mp4").write_bytes(content)
    with pytest.raises(MediaError) as caught:
        conform(tmp_path / "upload.mp4", tmp_path / "target.mp4", "0.5", trusted=True)
    assert caught.value.code == "media.unreadable"


def test_sound_alone_is_refused(tmp_path):
    sound = foreign_clip(tmp_path / "sound.mp4", "color=s=16x16:d=1", "-map", "1", sound="sine=d=1")
    with pytest.raises(MediaError, match="no picture"):
        probe(sound)


def test_a_full_disk_is_named_and_leaves_no_file(tmp_path):
    clip = own_clip(tmp_path / "clip.mp4")
    (tmp_path / ".target.mp4.part").symlink_to("/dev/full")
    with pytest.raises(MediaError) as caught:
        conform(clip, tmp_path / "target.mp4")
    assert caught.value.code == "storage.full"
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_our_own_clips_and_conformed_ones_have_one_header(tmp_path):
    own = own_clip(tmp_path / "own.mp4")
    foreign = foreign_clip(tmp_path / "foreign.mkv", "testsrc2=s=200x100:r=30:d=2")
    assert conform(foreign, tmp_path / "target.mp4").video_header == probe(own).video_header
