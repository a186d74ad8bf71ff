"""Generations: found by the questions an operator asks, shown whole on one page, stopped and started again."""

import re
from collections.abc import Callable
from django.contrib import admin
from django.contrib.admin.actions import delete_selected as confirm_delete_selected
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.views.decorators.http import require_GET, require_POST
from functools import partial
from generations.admin.detail import GenerationDetail
from generations.admin.filters import GenerationQuestion, ProviderFilter
from generations.admin.formatting import badge, between, duration, moment, percentage_bar, short_id, usd, words
from generations.admin.pagination import BoundedPaginator
from generations.admin.read_only import ReadOnlyAdmin
from generations.models import Clip, Generation
from generations.services.generations import generation_cancel, generation_delete, generation_retry
from storage_app.models import Asset
from storage_app.responses import asset_response
from typing import Any
from uuid import UUID
from videogen.kernel.errors import DomainError

VERBS: dict[str, tuple[Callable[..., object], str]] = {
    "cancel": (generation_cancel, "Cancelled"),
    "retry": (generation_retry, "Taken up again"),
}
ID_START = re.compile(r"[0-9a-f]{4,8}(-?[0-9a-f]{0,4}){0,3}(-?[0-9a-f]{0,12})", re.IGNORECASE)


class GenerationChangeList(ChangeList):
    """Leaves the documents of each row in the database; the list does not show them."""

    def get_queryset(self, *args: Any, **kwargs: Any) -> QuerySet[Generation]:
        return super().get_queryset(*args, **kwargs).defer("analysis", "brand_analysis", "brand", "storyboard")


@admin.register(Generation)
class GenerationAdmin(ReadOnlyAdmin):
    """The list, the page of one generation, its verbs and its pictures."""

    list_display = [
        *["identifier", "summary", "state", "stage_now", "progress"],
        *["owner", "provider", "cost", "age", "took"],
    ]
    list_display_links = ["identifier", "summary"]
    list_filter = [GenerationQuestion, "status", ProviderFilter, "created_at"]
    list_select_related = ["owner"]
    list_per_page = 50
    sortable_by = ["age"]
    paginator = BoundedPaginator
    search_fields = ["prompt", "owner__username", "metadata"]
    search_help_text = "The start of an id, words of the prompt, the owner's name, or the client's metadata."
    actions = ["cancel", "retry", "delete_selected"]
    fieldsets = ()
    change_form_template = "admin/generations/generation/change_form.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return GenerationChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Generation], search_term: str
    ) -> tuple[QuerySet[Generation], bool]:
        found, duplicates = super().get_search_results(request, queryset, search_term)
        if ID_START.fullmatch(search_term):
            found |= queryset.filter(pk__range=_ids_starting(search_term.replace("-", "")))
        return found, duplicates

    # Columns

    @admin.display(description="id")
    def identifier(self, generation: Generation) -> str:
        return short_id(generation.pk)

    @admin.display(description="prompt")
    def summary(self, generation: Generation) -> str:
        return Truncator(generation.prompt).chars(70)

    @admin.display(description="status")
    def state(self, generation: Generation) -> SafeString:
        return badge(generation.status)

    @admin.display(description="stage")
    def stage_now(self, generation: Generation) -> str:
        return words(generation.stage) or "–"

    @admin.display(description="done")
    def progress(self, generation: Generation) -> SafeString:
        return percentage_bar(generation.percentage)

    @admin.display(description="cost")
    def cost(self, generation: Generation) -> str:
        return usd(generation.actual_usd if generation.is_finished else generation.estimated_usd)

    @admin.display(description="age", ordering="-created_at")
    def age(self, generation: Generation) -> SafeString | str:
        return moment(generation.created_at)

    @admin.display(description="took")
    def took(self, generation: Generation) -> str:
        return duration(between(generation.started_at, generation.finished_at))

    # Verbs

    @admin.action(description="Cancel", permissions=["change"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Generation]) -> None:
        self._do(request, queryset, "cancel")

    @admin.action(description="Retry what failed", permissions=["change"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Generation]) -> None:
        self._do(request, queryset, "retry")

    @admin.action(description="Delete finished ones and their bytes", permissions=["delete"])
    def delete_selected(self, request: HttpRequest, queryset: QuerySet[Generation]) -> HttpResponse | None:
        if "post" not in request.POST:
            return confirm_delete_selected(self, request, queryset)  # Only for its page that asks again.
        self.each(request, queryset, lambda row: generation_delete(generation=row), done="Deleted")
        return None

    def _do(self, request: HttpRequest, rows: QuerySet[Generation] | list[Generation], name: str) -> None:
        service, done = VERBS[name]
        self.each(request, rows, lambda row: service(generation=row), done=done)
