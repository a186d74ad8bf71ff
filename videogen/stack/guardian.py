"""Outlives a supervisor that was killed, only to end what it left behind.

The supervisor holds the other end of our standard input. When that closes, however the
supervisor ended, whatever still carries its mark is ended too.
"""

import subprocess
import sys

from videogen.stack.marks import processes_end, processes_marked


def guardian_start(mark: str) -> "subprocess.Popen[bytes]":
    """Closing `stdin` of what this returns, or dying, sets the guardian off. It carries no mark itself."""
    return subprocess.Popen(
        [sys.executable, "-m", "videogen.stack.guardian", mark],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C at the terminal is not meant for it.
    )


def main(mark: str) -> None:
    sys.stdin.buffer.read()
    # Twice: a process that was killed may have been starting another one just then.
    for _ in range(2):
        processes_end(processes_marked(mark))


if __name__ == "__main__":
    main(sys.argv[1])
