"""ffmpeg runs within its limits, dies with its caller, and its failures have names."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from generations.media.ffmpeg import FfmpegProcess, MediaError, ffmpeg_run, source

ENDLESS = ["-re", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=10"]
NOWHERE = ["-f", "null", "-"]


class NotWanted(Exception):
    """What a report raises when the work has been cancelled."""


def is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def children() -> list[int]:
    pids = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in pids if "ffmpeg" in Path(f"/proc/{pid}/cmdline").read_text()]


def test_a_report_that_raises_ends_ffmpeg_within_a_second():
    def report(fraction: float) -> None:
        raise NotWanted

    began = time.monotonic()
    with pytest.raises(NotWanted):
        ffmpeg_run([*ENDLESS, *NOWHERE], timeout_seconds=20, report=report)
    assert children() == []
    assert time.monotonic() - began < 1


def test_ffmpeg_is_killed_when_its_time_is_up():
    with pytest.raises(MediaError) as caught:
        ffmpeg_run([*ENDLESS, *NOWHERE], timeout_seconds=0.3)
    assert (caught.value.code, caught.value.retryable) == ("media.timeout", True)
    assert children() == []


def test_ffmpeg_does_not_outlive_a_worker_that_was_killed():
    script = (
        "from generations.media.ffmpeg import FfmpegProcess\n"
        f"process = FfmpegProcess({[*ENDLESS, *NOWHERE]}, timeout_seconds=60)\n"
        "print(process.pid, flush=True)\n"
        "process.finish()\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as worker:
        pid = int(worker.stdout.readline() if worker.stdout else "")
        assert is_alive(pid)
        worker.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 1
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(pid)


def test_progress_is_reported_from_nothing_to_all(tmp_path):
    heard: list[float] = []
    video = ["-re", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=10:d=1.5"]
    ffmpeg_run([*video, *NOWHERE], timeout_seconds=20, report=heard.append, duration_seconds=1.5)
    assert heard == sorted(heard)
    assert 0 < heard[0] < 1
    assert heard[-1] == pytest.approx(1, abs=0.1)


def test_a_full_disk_has_a_name():
    video = ["-f", "lavfi", "-i", "testsrc2=s=640x480:r=24:d=2", "-f", "mpegts", "/dev/full"]
    with pytest.raises(MediaError) as caught:
        ffmpeg_run(video, timeout_seconds=20)
    assert (caught.value.code, caught.value.retryable) == ("storage.full", False)
    assert "No space left" in str(caught.value)


def test_a_file_that_grows_too_large_is_refused_and_not_cut_off(tmp_path):
    video = ["-f", "lavfi", "-i", "testsrc2=s=320x240:r=24:d=5", "-f", "mpegts", str(tmp_path / "x.ts")]
    with pytest.raises(MediaError) as caught:
        ffmpeg_run(video, timeout_seconds=20, output_bytes=50_000)
    assert caught.value.code == "media.too_large"


@pytest.mark.parametrize(
    "script",
    [
        "ffconcat version 1.0\nfile secret.mp4\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nsecret.mp4\n#EXT-X-ENDLIST\n",
        "not a video at all",
    ],
)
def test_a_script_that_calls_itself_a_video_is_not_read(tmp_path, script):
    video = ["-f", "lavfi", "-i", "testsrc2=s=64x64:r=10:d=1", str(tmp_path / "secret.mp4")]
    ffmpeg_run(video, timeout_seconds=20)
    (tmp_path / "upload.mp4").write_text(script)
    with pytest.raises(MediaError) as caught:
        ffmpeg_run([*source(tmp_path / "upload.mp4"), *NOWHERE], timeout_seconds=20)
    assert caught.value.code == "media.unreadable"


def test_a_broken_command_fails_with_what_ffmpeg_said():
    with pytest.raises(MediaError, match="nosuchfilter") as caught:
        ffmpeg_run([*ENDLESS, "-vf", "nosuchfilter", *NOWHERE], timeout_seconds=20)
    assert (caught.value.code, caught.value.retryable) == ("media.failed", False)


def test_ffmpeg_is_told_no_secrets(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "hush")
    with FfmpegProcess([*ENDLESS, *NOWHERE], timeout_seconds=20) as process:
        environment = Path(f"/proc/{process.pid}/environ").read_bytes()
    assert b"hush" not in environment
    assert b"PATH=" in environment
