"""Facts: nobody adds, edits or deletes a row here. What can be done to it is an action."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

from videogen.kernel.errors import DomainError

#: So many refusals are shown one by one; the rest is a number.
REFUSALS = 5


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # Generic for the stubs alone.
    """Who may "change" may use the verbs; the form stays read-only for everybody."""

    show_full_result_count = False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        title = capfirst(self.opts.verbose_name_plural)  # Django's own says "Select … to change".
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def each(
        self, request: HttpRequest, rows: Iterable[Model], verb: Callable[[Any], object], *, done: str
    ) -> None:
        """Call `verb` with every row. A refused one is reported, and the others go on."""
        refusals, count = [], 0
        for row in rows:
            name = str(row)
            try:
                verb(row)
            except DomainError as refused:
                refusals.append(f"{name}: {refused}")
            else:
                count += 1
        for refusal in refusals[:REFUSALS]:
            self.message_user(request, refusal, messages.WARNING)
        if unseen := refusals[REFUSALS:]:
            self.message_user(request, f"{len(unseen)} more were refused.", messages.WARNING)
        if count:
            self.message_user(request, f"{done} ({count}).", messages.SUCCESS)
