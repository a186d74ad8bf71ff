"""A module's `serve` in a fresh process, as a function that takes an order and brings the answer."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

Order = Callable[..., Any]


@contextmanager
def process_of(module: str, *arguments: str) -> Iterator[Order]:
    """It imports the module there, so that this process need not be set up for it."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(module, there, *arguments), daemon=True)
    process.start()
    there.close()  # Else nobody would notice the end of the process.

    def order(*words: Any) -> Any:
        here.send(words)
        return here.recv()

    try:
        yield order
    finally:
        here.close()
        process.join(10)
        process.kill()


def _serve(module: str, orders: Connection, *arguments: str) -> None:
    try:
        import_module(module).serve(orders, *arguments)
    except (EOFError, KeyboardInterrupt):  # Nobody gives orders any more.
        return
