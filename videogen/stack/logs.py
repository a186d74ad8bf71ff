"""Where the lines that programs print go: always to a file each, and to the terminal if wanted."""

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

COLOURS = (36, 32, 33, 35, 34, 96, 92, 93, 95, 94)
NAME_WIDTH = 11
FILE_BYTES = 5_000_000


def line_logger(name: str, *, directory: Path, to_terminal: bool, colour: int) -> logging.Logger:
    """A logger of its own, outside the tree of loggers, so that no other configuration touches it."""
    directory.mkdir(parents=True, exist_ok=True)
    logger = logging.Logger(name)
    logger.addHandler(RotatingFileHandler(directory / f"{name}.log", maxBytes=FILE_BYTES, backupCount=1))
    if to_terminal:
        terminal = logging.StreamHandler(sys.stdout)
        terminal.setFormatter(logging.Formatter(_prefix(name, colour) + "%(message)s"))
        logger.addHandler(terminal)
    return logger


def _prefix(name: str, colour: int) -> str:
    label = f"{name:<{NAME_WIDTH}} │ "
    return f"\x1b[{COLOURS[colour % len(COLOURS)]}m{label}\x1b[0m" if sys.stdout.isatty() else label
