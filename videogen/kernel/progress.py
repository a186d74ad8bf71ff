"""How work tells how far it is."""

from collections.abc import Callable

#: Takes the fraction done, 0.0 to 1.0. It raises when the work is no longer wanted; let that pass through.
ReportProgress = Callable[[float], None]
