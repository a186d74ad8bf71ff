"""The pictures of `animatic`: something is there, it differs, it moves, and it is always the same."""

import itertools
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.contracts import CameraMove, Scene, Setting, TimeOfDay, Weather
from generations.media.frame import FrameFormat
from generations.media.probe import probe
from generations.providers.animatic.camera import OVERSCAN, Camera
from generations.providers.animatic.provider import AnimaticProvider, load_renderer
from generations.providers.base import ClipSpec

SETTINGS, TIMES, WEATHERS = get_args(Setting), get_args(TimeOfDay), get_args(Weather)
SMALL = FrameFormat(128, 72)


def spec_of(*, frame: FrameFormat = SMALL, seed: int = 1, captions: bool = True, **changes: Any) -> ClipSpec:
    """A spec of two seconds, with `changes` made to its scene."""
    scene: dict[str, Any] = {
        "position": 1,
        "duration_seconds": Decimal(2),
        "title": "",
        "micro_prompt": "a view",
        "subject": "nothing in particular",
        "setting": "mountains",
        "time_of_day": "day",
        "weather": "clear",
        "mood": "neutral",
        "camera": "push_in",
        "palette": ["#0f766e", "#f59e0b", "#f8fafc"],
    }
    return ClipSpec(scene=Scene(**scene | changes), frame=frame, seed=seed, captions=captions)


def frame_of(spec: ClipSpec, index: int = 24) -> NDArray[np.int16]:
    """The pixels of one frame."""
    return np.array(load_renderer().Drawing(spec).frame(index), np.int16)


def difference(first: NDArray[np.int16], second: NDArray[np.int16]) -> float:
    """How far apart two pictures are, in levels of 255 on average."""
    return float(np.abs(first - second)[..., :3].mean())


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_setting_draws_a_rich_picture_at_every_hour(setting: Setting) -> None:
    pictures = [frame_of(spec_of(setting=setting, time_of_day=time)) for time in TIMES]

    for picture in pictures:
        assert len(np.unique(picture.reshape(-1, 4), axis=0)) > 1000
        assert (picture[..., 3] == 255).all()
    assert min(difference(a, b) for a, b in itertools.combinations(pictures, 2)) > 4


@pytest.mark.parametrize("setting", SETTINGS)
def test_weather_changes_the_picture(setting: Setting) -> None:
    pictures = [frame_of(spec_of(setting=setting, weather=weather)) for weather in WEATHERS[:3]]

    assert min(difference(a, b) for a, b in itertools.combinations(pictures, 2)) > 0.5


def test_settings_do_not_look_alike() -> None:
    pictures = [frame_of(spec_of(setting=setting)) for setting in SETTINGS]

    assert min(difference(a, b) for a, b in itertools.combinations(pictures, 2)) > 8


def test_neighbouring_clips_do_not_look_alike() -> None:
    pictures = [frame_of(spec_of(position=position, subject="a cup")) for position in range(1, 7)]

    assert min(difference(a, b) for a, b in itertools.pairwise(pictures)) > 10


def test_the_scene_moves() -> None:
    drawing = load_renderer().Drawing(spec_of(setting="sea", camera="static"))

    first = np.array(drawing.frame(0), np.int16)

    assert difference(first, np.array(drawing.frame(24), np.int16)) > 0.3


def test_the_palette_reaches_the_picture() -> None:
    red = frame_of(spec_of(setting="abstract", palette=["#dc2626", "#f87171", "#7f1d1d"]))
    blue = frame_of(spec_of(setting="abstract", palette=["#2563eb", "#60a5fa", "#1e3a8a"]))

    assert red[..., 2].mean() > red[..., 0].mean() + 30
    assert blue[..., 0].mean() > blue[..., 2].mean() + 30


@pytest.mark.parametrize("subject", ["reusable cup", "Trinkflasche", "un vélo rouge", "кошка", "φάρος"])
def test_a_named_subject_is_drawn(subject: str) -> None:
    with_subject = frame_of(spec_of(subject=subject))

    assert difference(with_subject, frame_of(spec_of())) > 1


@pytest.mark.parametrize("subject", ["carpet", "the booking", "saxophone", "a kind word"])
def test_words_that_merely_contain_a_subject_are_left_alone(subject: str) -> None:
    assert difference(frame_of(spec_of(subject=subject)), frame_of(spec_of())) == 0


@pytest.mark.parametrize("setting", ["street", "sky"])
def test_the_same_spec_gives_the_same_bytes_in_another_process(setting: str) -> None:
    program = (
        "import hashlib; from generations.tests.test_animatic import *;"
        f"spec = spec_of(setting='{setting}', subject='cup', title='Rain', weather='storm');"
        "drawing = load_renderer().Drawing(spec);"
        "print(hashlib.sha256(b''.join(drawing.frame(i).tobytes() for i in range(0, 48, 6))).hexdigest())"
    )

    hashes = {subprocess.check_output([sys.executable, "-c", program]) for _ in range(2)}

    assert len(hashes) == 1


def test_another_seed_gives_another_picture() -> None:
    assert difference(frame_of(spec_of(seed=1)), frame_of(spec_of(seed=2))) > 3


def test_a_frame_does_not_depend_on_the_frames_drawn_before_it() -> None:
    spec = spec_of(setting="city", weather="snow", subject="car")
    drawing = load_renderer().Drawing(spec)
    for index in range(12):
        drawing.frame(index)

    assert difference(np.array(drawing.frame(30), np.int16), frame_of(spec, 30)) == 0


@pytest.mark.parametrize("move", get_args(CameraMove))
@pytest.mark.parametrize("seconds", [1.0, 15.0])
def test_no_camera_move_goes_beyond_what_is_painted(move: CameraMove, seconds: float) -> None:
    camera = Camera(move, 1000, 1000, seconds)

    for fraction, depth in itertools.product(np.linspace(0, 1, 21), (0.05, 0.1, 0.5, 1.1)):
        pose = camera.pose(float(fraction))
        assert max(map(abs, pose.shift(depth))) <= 1000 * OVERSCAN * (depth + 0.15)
        assert pose.scale(depth) >= 1


def test_fetch_writes_the_clip_and_reports_progress(tmp_path: Path) -> None:
    spec = spec_of(duration_seconds=Decimal("1.5"))
    reports: list[float] = []

    warnings = AnimaticProvider().fetch(spec, "job", into=tmp_path / "clip.mp4", report=reports.append)

    assert warnings == ()
    assert probe(tmp_path / "clip.mp4").frames == 36
    assert reports == sorted(reports)
    assert reports[-1] == 1.0


def test_an_unwanted_clip_stops_and_leaves_nothing(tmp_path: Path) -> None:
    def refuse(_fraction: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        AnimaticProvider().fetch(spec_of(), "job", into=tmp_path / "clip.mp4", report=refuse)

    assert not list(tmp_path.iterdir())


def test_knowing_the_provider_does_not_load_skia() -> None:
    program = "import sys, generations.providers.animatic.provider; print('skia' in sys.modules)"

    assert subprocess.check_output([sys.executable, "-c", program]).strip() == b"False"


NOUNS = (
    "cup bottle shoe phone watch book guitar lamp plant bicycle car train rocket balloon boat lighthouse "
    "house tree cat dog bird whale fish robot runner woman"
)


def test_each_noun_has_a_drawing_of_its_own() -> None:
    tiny = FrameFormat(96, 54)

    pictures = [frame_of(spec_of(subject=noun, setting="sky", frame=tiny), 0) for noun in NOUNS.split()]

    assert min(difference(a, b) for a, b in itertools.combinations(pictures, 2)) > 0.5


def test_one_process_and_three_draw_the_same_clip(tmp_path: Path) -> None:
    spec = spec_of(setting="street", weather="rain", subject="cup", title="Rain")
    clips = [tmp_path / "one.mp4", tmp_path / "three.mp4"]

    for clip, processes in zip(clips, (1, 3), strict=True):
        load_renderer().render_clip(spec, clip, lambda _: None, processes=processes)

    assert clips[0].read_bytes() == clips[1].read_bytes()
