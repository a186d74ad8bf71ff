"""A status moves in one place: one guarded UPDATE whose row count is the answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Model, Q

from videogen.kernel.errors import DomainError


class TransitionRefused(DomainError):
    """The row is not in a state from which it may move there. Nothing was changed."""

    code = "state.conflict"


class StateMachine:
    """The allowed moves between the values of a model's `status` field."""

    def __init__(self, moves: Mapping[str, Sequence[str]]) -> None:
        self.moves = {source: tuple(targets) for source, targets in moves.items()}

    def sources(self, target: str) -> list[str]:
        """From which states a row may move to `target`."""
        return [source for source, targets in self.moves.items() if target in targets]

    def move(self, row: Model, target: str, *, where: Q | None = None, **changes: Any) -> None:
        """Move `row` to `target`, or raise `TransitionRefused` and change nothing."""
        rows = type(row)._default_manager.filter(where or Q(), pk=row.pk, status__in=self.sources(target))
        moved = rows.update(status=target, **changes)
        row.refresh_from_db()
        if not moved:
            status = getattr(row, "status")  # noqa: B009  Every model with a machine has one.
            name = row._meta.verbose_name
            raise TransitionRefused(f"This {name} is {status} and cannot become {target}.", status=status)
