"""One clip gives way to the next: only those frames are encoded, and the video keeps its length."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy
import pytest

from generations.media.assembly import clips_assemble
from generations.media.conform import clip_conform
from generations.media.ffmpeg import MediaError
from generations.media.frame import FrameFormat, frame_format
from generations.media.inspection import video_inspect
from generations.media.mixing import sound_blended
from generations.media.probe import probe
from generations.media.transitions import NO_EDGES, Edges, edges_of, shares
from generations.tests.sample_clips import SMALL, foreign_clip, own_clip, packet_sums, pixels, solid_clip

SOFT = ("fade", "dissolve", "wipe")
RED, BLUE = (200, 30, 30), (30, 30, 200)
LENGTHS = (Decimal(2), Decimal(1), Decimal("1.5"), Decimal(1))


def edges(seconds: Sequence[Decimal], frame: FrameFormat = SMALL, transition: str = "fade") -> list[Edges]:
    return [edges_of(transition, seconds, position, frame) for position in range(1, len(seconds) + 1)]


def drawn(target: Path, seconds: Decimal, edges: Edges, number: int) -> Path:
    """A clip with its handle, of pictures that are in no other clip."""
    frames = SMALL.frames(float(seconds))
    cuts = edges.cuts(frames)
    return own_clip(target, seconds=(frames + edges.handle) / 24, start=1000 * number, keyframes_at=cuts)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    directory: Path = tmp_path_factory.mktemp("clips")
    each = enumerate(zip(LENGTHS, edges(LENGTHS), strict=True))
    return [drawn(directory / f"{number}.mp4", seconds, its, number) for number, (seconds, its) in each]


@pytest.fixture(scope="module")
def solids(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A second of red and its handle, then a second of blue."""
    directory: Path = tmp_path_factory.mktemp("solids")
    red = solid_clip(directory / "red.mp4", RED, frames=36, keyframes_at=[24])
    return [red, solid_clip(directory / "blue.mp4", BLUE, frames=24, keyframes_at=[12])]


def overlaps(clips: Sequence[Path]) -> list[int]:
    return [12] * (len(clips) - 1)


def heard(video: Path) -> numpy.ndarray:
    with av.open(str(video)) as container:
        return numpy.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


@pytest.mark.parametrize("transition", SOFT)
def test_frames_outside_are_the_very_bytes_of_the_clips_and_those_inside_are_the_only_others(
    tmp_path: Path, clips: list[Path], transition: str
) -> None:
    clips_assemble(clips, tmp_path / "video.mp4", transition=transition, overlaps=overlaps(clips))
    video, sums = packet_sums(tmp_path / "video.mp4"), [packet_sums(clip) for clip in clips]
    kept = [sums[0][:48], sums[1][12:24], sums[2][12:36], sums[3][12:]]
    copied = list(chain(*kept))
    assert [each for each in video if each in set(copied)] == copied
    assert len(video) - len(copied) == 3 * 12


@pytest.mark.parametrize("transition", SOFT)
def test_the_video_is_exactly_as_long_as_its_scenes(
    tmp_path: Path, clips: list[Path], transition: str
) -> None:
    video = tmp_path / "video.mp4"
    info = clips_assemble(clips, video, transition=transition, overlaps=overlaps(clips))
    assert (info.frames, info.video_seconds, info.audio_seconds) == (132, 5.5, 5.5)
    assert video_inspect(video, frame=SMALL, duration_seconds=sum(LENGTHS)).errors == []
    with av.open(str(video)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert times == pytest.approx([number / 24 for number in range(132)])


@pytest.mark.parametrize("transition", SOFT)
def test_the_same_clips_give_the_same_file(tmp_path: Path, clips: list[Path], transition: str) -> None:
    for name in "ab":
        clips_assemble(clips, tmp_path / name, transition=transition, overlaps=overlaps(clips))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def joined(tmp_path: Path, solids: list[Path], transition: str) -> numpy.ndarray:
    clips_assemble(solids, tmp_path / "video.mp4", transition=transition, overlaps=[12])
    return pixels(tmp_path / "video.mp4").astype(int)


def test_the_middle_of_a_dissolve_is_the_mean_of_both(tmp_path: Path, solids: list[Path]) -> None:
    frames = joined(tmp_path, solids, "dissolve")
    middle = (frames[29] + frames[30]) / 2
    assert numpy.abs(middle - numpy.mean([RED, BLUE], axis=0)).max() < 6
    reds = frames[23:37, 45, 80, 0]
    assert (numpy.diff(reds) < 0).all()


def test_a_fade_goes_through_black_and_begins_and_ends_in_colour(tmp_path: Path, solids: list[Path]) -> None:
    frames = joined(tmp_path, solids, "fade")
    assert frames[29:31].max() < 6
    assert [numpy.abs(frames[index, 45, 80] - colour).max() < 8 for index, colour in ((23, RED), (36, BLUE))]
    assert (frames[24, 45, 80, 0], frames[35, 45, 80, 2]) > (120, 120)
    assert frames[24:30, ..., 2].max() < 60 > frames[30:36, ..., 0].max()


def test_a_wipe_comes_from_the_left(tmp_path: Path, solids: list[Path]) -> None:
    frames = joined(tmp_path, solids, "wipe")
    left, right = frames[30, :, :70].mean(axis=(0, 1)), frames[30, :, 110:].mean(axis=(0, 1))
    assert numpy.abs(left - BLUE).max() < 8
    assert numpy.abs(right - RED).max() < 8
    assert frames[26, 45, 100, 0] > 150 > frames[34, 45, 100, 0]


def test_one_clip_needs_no_transition(tmp_path: Path) -> None:
    clip = own_clip(tmp_path / "clip.mp4")
    assert clips_assemble([clip], tmp_path / "video.mp4", transition="wipe").frames == 48
    assert packet_sums(tmp_path / "video.mp4") == packet_sums(clip)


def test_the_largest_picture_can_be_joined(tmp_path: Path) -> None:
    wide = frame_format(aspect_ratio="21:9", resolution="1080p")
    first = solid_clip(tmp_path / "a.mp4", RED, frames=6, keyframes_at=[4], frame=wide)
    second = solid_clip(tmp_path / "b.mp4", BLUE, frames=4, keyframes_at=[2], frame=wide)
    info = clips_assemble([first, second], tmp_path / "v.mp4", transition="dissolve", overlaps=[2])
    assert (info.frames, info.width, info.height) == (8, 2520, 1080)


def test_a_clip_that_cannot_be_cut_there_is_refused(tmp_path: Path, solids: list[Path]) -> None:
    uncut = solid_clip(tmp_path / "uncut.mp4", RED, frames=36)
    with pytest.raises(MediaError) as caught:
        clips_assemble([uncut, solids[1]], tmp_path / "v.mp4", transition="fade", overlaps=[12])
    assert (caught.value.code, (tmp_path / "v.mp4").exists()) == ("media.not_conformed", False)


def bought(tmp_path: Path, seconds: float, *, sound: bool = False, edges: Edges = NO_EDGES) -> Path:
    """A second of a foreign clip that is so long: red for a second, green from then on."""
    video = f"color=red:s=160x90:r=24:d=1[a];color=lime:s=160x90:r=24:d=3[b];[a][b]concat,trim=end={seconds}"
    tone = f"sine=f=220:r=48000:d={seconds}" if sound else ""
    clip = foreign_clip(tmp_path / "bought.mkv", video, "-c:v", "libx264", sound=tone)
    target = tmp_path / f"{seconds}{edges.head}.mp4"
    clip_conform(clip, target, frame=SMALL, duration_seconds=Decimal(1), trusted=False, edges=edges)
    return target


@pytest.mark.parametrize("seconds, colour", [(3, (0, 255, 0)), (1, (255, 0, 0))], ids=["surplus", "none"])
def test_the_handle_is_what_was_bought_beyond_the_scene_or_else_its_last_frame(
    tmp_path: Path, seconds: float, colour: tuple[int, int, int]
) -> None:
    clip = bought(tmp_path, seconds, edges=Edges(head=12, handle=12))
    assert probe(clip).frames == 36
    assert {12, 24} <= probe(clip).keyframes
    assert numpy.abs(pixels(clip)[24:].astype(int) - colour).max() < 8


def test_a_drawn_clip_without_the_key_frames_is_encoded_again(tmp_path: Path) -> None:
    clip = own_clip(tmp_path / "clip.mp4", seconds=1.5)
    for handle, is_same in ((0, True), (12, False)):
        seconds, target = Decimal("1.5") - Decimal(handle) / 24, tmp_path / f"{handle}.mp4"
        its = Edges(handle=handle)
        clip_conform(clip, target, frame=SMALL, duration_seconds=seconds, trusted=True, edges=its)
        assert target.samefile(clip) == is_same
    assert 24 in probe(target).keyframes


@pytest.mark.parametrize("seconds", [3, 1], ids=["surplus", "none"])
def test_sound_has_no_gap_and_no_click(tmp_path: Path, seconds: float) -> None:
    first = bought(tmp_path, 3, sound=True, edges=Edges(handle=12))
    second = bought(tmp_path, seconds, sound=True, edges=Edges(head=12))
    info = clips_assemble([first, second], tmp_path / "v.mp4", transition="dissolve", overlaps=[12])
    sound = heard(tmp_path / "v.mp4")[2400:93_600]
    loudest = numpy.abs(sound.reshape(-1, 2400)).max(axis=1)
    # A tone of 220 Hz does not rise faster than that from one sample to the next.
    assert numpy.abs(numpy.diff(sound)).max() < 2.5 * numpy.pi * 220 / 48_000 * loudest.max()
    assert (info.audio_seconds, loudest.min() > 0.02) == (2.0, True)


def test_sound_fades_into_a_silent_clip(tmp_path: Path, solids: list[Path]) -> None:
    first = bought(tmp_path, 3, sound=True, edges=Edges(handle=12))
    info = clips_assemble([first, solids[1]], tmp_path / "v.mp4", transition="fade", overlaps=[12])
    loudest = numpy.abs(heard(tmp_path / "v.mp4")[:96_000].reshape(-1, 6000)).max(axis=1)
    assert (info.video_seconds, info.audio_seconds) == (2.0, 2.0)
    assert loudest[7] > loudest[8] > loudest[9] > loudest[10] > loudest[11] > loudest[13]
    assert loudest[13:].max() < 0.001


def test_two_sounds_together_are_as_loud_as_they_are_alone() -> None:
    loud = numpy.full((1000, 2), 32_767, numpy.int16)
    assert (sound_blended(loud, loud) == 32_767).all()
    assert sound_blended(loud, 0 * loud)[[0, 499, 999], 0].tolist() == pytest.approx(
        [32_734, 16_400, 33], abs=20
    )


def test_all_but_the_last_clip_get_a_handle_that_the_next_one_has_room_for() -> None:
    assert edges(LENGTHS) == [Edges(0, 12), Edges(12, 12), Edges(12, 12), Edges(12, 0)]
    assert edges([Decimal(1), Decimal("0.5")]) == [Edges(0, 6), Edges(6, 0)]
    assert edges(LENGTHS, transition="cut") == [NO_EDGES] * 4
    assert edges([Decimal(4)]) == [NO_EDGES]


def test_a_transition_is_the_same_from_either_end() -> None:
    exact = [Fraction(share).limit_denominator(100) for share in shares(12)]
    assert [1 - share for share in reversed(exact)] == exact
    assert 0 not in exact
