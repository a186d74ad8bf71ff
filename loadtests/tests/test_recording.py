"""What a load generator records, and who reads it meanwhile."""

import json
import subprocess
import sys
from pathlib import Path

#: In a process of its own: importing Locust changes the whole interpreter.
PROGRAM = """
import json, sys
from pathlib import Path
from locust.env import Environment
from loadtests.recording import Recorder
from loadtests.samples import SamplesFile

directory = Path(sys.argv[1])
recorder, recorded = Recorder(Environment(), directory), SamplesFile(directory)
write_text, seen = Path.write_text, []

def in_two(path, text):
    write_text(path, text[:1])
    seen.append(len(recorded.fresh().names))
    write_text(path, text)

Path.write_text = in_two
for number in range(3):
    recorder.hear("GET", f"/{number}", 1.0, None, 0.0)
recorder.close()
print(json.dumps([seen, len(recorded.all())]))
"""


def test_what_is_recorded_can_be_read_at_any_moment(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[0, 1, 2], 3]
