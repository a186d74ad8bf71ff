"""A finished video is checked for what was promised, and its poster shows something."""

from pathlib import Path

import av
import pytest

from generations.media.assembly import clips_assemble
from generations.media.ffmpeg import MediaError
from generations.media.frame import FrameFormat
from generations.media.inspection import video_inspect
from generations.media.poster import poster_time, poster_write
from generations.tests.sample_clips import SMALL, foreign_clip, own_clip, pixel

STEREO = "sine=f=440:r=48000:d=4,aformat=channel_layouts=stereo"
GOOD = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "48", "-c:a", "aac", "-movflags", "+faststart")
LATE_FRAME = "setpts='PTS+if(eq(N,40),200,0)'"
FINE_CLOCK = ("-enc_time_base", "1/12288")
MOVING = "testsrc2=s=160x90:r=24:d=4"


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory: Path = tmp_path_factory.mktemp("video")
    clips = [own_clip(directory / f"{n}.mp4", seconds=4, start=n * 100) for n in range(2)]
    clips_assemble(clips, directory / "video.mp4")
    return directory / "video.mp4"


def test_an_assembled_video_passes_without_a_word(video):
    inspection = video_inspect(video, frame=SMALL, duration_seconds=8)
    assert (inspection.errors, inspection.warnings) == ([], [])


@pytest.mark.parametrize(
    "source, options, sound, complaint",
    [
        ("testsrc2=s=160x90:r=24:d=3.75", GOOD, STEREO, "It plays for 3.75 seconds, not 4.00."),
        ("testsrc2=s=160x96:r=24:d=4", GOOD, STEREO, "The picture is 160 by 96, not 160 by 90."),
        ("testsrc2=s=160x90:r=25:d=4", GOOD, STEREO, "It does not show 24 frames in each second."),
        (MOVING, GOOD, "", "The sound is missing, not aac."),
        (MOVING, GOOD, "sine=d=3", "The sound lasts 3.00 seconds, the picture 4.00."),
        (MOVING, (*GOOD, "-pix_fmt", "yuv444p"), STEREO, "The picture is h264 yuv444p, not h264 yuv420p."),
        (MOVING, GOOD[:-2], STEREO, "The index is at the end of the file, so that browsers have to load all"),
        (
            MOVING,
            (*GOOD, "-vf", f"settb=1/12288,{LATE_FRAME}", "-fps_mode", "passthrough", *FINE_CLOCK),
            STEREO,
            "It does not show 24 frames in each second.",
        ),
    ],
    ids=["short", "size", "rate", "no sound", "short sound", "format", "slow start", "uneven"],
)
def test_what_was_not_promised_is_an_error(tmp_path, source, options, sound, complaint):
    bad = foreign_clip(tmp_path / "bad.mp4", source, *options, sound=sound)
    errors = video_inspect(bad, frame=SMALL, duration_seconds=4).errors
    assert any(error.startswith(complaint) for error in errors), errors


@pytest.mark.parametrize(
    "source, sound, warning",
    [
        ("color=black:s=160x90:r=24:d=4", STEREO, "It is black from 0.0 to 4.0 seconds."),
        ("color=red:s=160x90:r=24:d=4", STEREO, "It is frozen from 0.0 to 4.0 seconds."),
        (MOVING, "anullsrc=r=48000:cl=stereo:d=4", "It is silent from 0.0 to 4.0 seconds."),
    ],
)
def test_a_stretch_with_nothing_in_it_is_a_warning(tmp_path, source, sound, warning):
    dull = foreign_clip(tmp_path / "dull.mp4", source, *GOOD, sound=sound)
    inspection = video_inspect(dull, frame=SMALL, duration_seconds=4, sound_expected=True)
    assert warning in inspection.warnings
    assert inspection.errors == []


def test_silence_is_no_warning_where_no_sound_was_expected(video):
    assert video_inspect(video, frame=SMALL, duration_seconds=8, sound_expected=False).warnings == []


@pytest.mark.parametrize(
    "dull",
    ["color=gray:s=160x90:r=24:d=4", "color=black:s=160x90:r=24:d=4,noise=alls=40:allf=t"],
    ids=["plain", "dark"],
)
def test_the_poster_is_not_taken_from_a_dull_part(tmp_path, dull):
    parts = f"{dull}[a];gradients=s=160x90:r=24:d=4[b];[a][b]concat"
    video = foreign_clip(tmp_path / "v.mp4", parts, *GOOD)
    assert poster_time(video) >= 4


def test_a_poster_shows_the_very_frame_that_was_asked_for(tmp_path, video):
    poster_write(video, tmp_path / "poster.jpg", at_seconds=1)
    assert pixel(tmp_path / "poster.jpg") == pytest.approx(pixel(video, index=24), abs=12)
    assert pixel(tmp_path / "poster.jpg") != pytest.approx(pixel(video, index=0), abs=12)


@pytest.mark.parametrize(
    "at_seconds, colour", [(0.5, (220, 40, 30)), (1.5, (30, 40, 220)), (99, (30, 40, 220))]
)
def test_a_poster_has_the_colours_of_its_moment(tmp_path, at_seconds, colour):
    parts = "color=0xdc281e:s=640x360:r=24:d=1[a];color=0x1e28dc:s=640x360:r=24:d=1[b];[a][b]concat"
    matrix = "scale=out_color_matrix=bt709:out_range=tv,setparams=colorspace=bt709:range=tv"
    video = foreign_clip(tmp_path / "v.mp4", parts, "-vf", matrix, "-c:v", "libx264", "-pix_fmt", "yuv420p")
    poster_write(video, tmp_path / "poster.jpg", at_seconds=at_seconds)
    assert pixel(tmp_path / "poster.jpg") == pytest.approx(colour, abs=6)


def test_a_thumbnail_has_the_width_that_was_asked_for(tmp_path, video):
    poster_write(video, tmp_path / "thumbnail.jpg", at_seconds=1, width=80)
    with av.open(str(tmp_path / "thumbnail.jpg")) as picture:
        stream = picture.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("mjpeg", 80, 44)


def test_a_poster_of_something_else_is_refused(tmp_path):
    (tmp_path / "v.mp4").write_bytes(b"nothing")
    with pytest.raises(MediaError):
        poster_write(tmp_path / "v.mp4", tmp_path / "poster.jpg", at_seconds=0)
    assert not (tmp_path / "poster.jpg").exists()


def test_the_frame_is_the_one_that_was_asked_for(video):
    inspection = video_inspect(video, frame=FrameFormat(width=320, height=180), duration_seconds=8)
    assert inspection.errors == ["The picture is 160 by 90, not 320 by 180."]
