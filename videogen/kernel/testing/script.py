"""What a test server is told to get wrong, and in which order."""

import threading
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, ClassVar, Generic, Protocol, TypeVar


class Repeated(Protocol):
    """A dataclass that says what happens, and to how many."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def times(self) -> int: ...


FaultT = TypeVar("FaultT", bound=Repeated)


class Script(Generic[FaultT]):
    """The faults that are still to happen, first come, first served."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[FaultT] = []

    def add(self, *faults: FaultT) -> None:
        """Let these happen after those that wait already."""
        with self._lock:
            self._faults.extend(faults)

    def clear(self) -> None:
        """Let nothing more go wrong."""
        with self._lock:
            self._faults.clear()

    def next(self, concerns: Callable[[FaultT], bool]) -> FaultT | None:
        """The first fault that concerns the one who asks; it is used up."""
        with self._lock:
            for place, fault in enumerate(self._faults):
                if concerns(fault):
                    rest = [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
                    self._faults[place : place + 1] = rest
                    return fault
            return None


def faults_of(body: Any, kind: type[FaultT]) -> list[FaultT]:
    """Faults from JSON: one, or a list. Raises ValueError, which says what a fault has."""
    try:
        return [kind(**each) for each in (body if isinstance(body, list) else [body])]
    except (TypeError, ValueError) as error:
        names = ", ".join(each.name for each in fields(kind))
        raise ValueError(f"{error} A fault has {names}.") from None
