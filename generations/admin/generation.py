"""Generations: found by the questions operators ask, shown whole on one page, stopped and started again."""

import re
from collections.abc import Callable, Iterable
from mimetypes import guess_extension
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected as confirm_delete_selected
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.views.decorators.http import require_POST

from generations.admin.detail import GenerationDetail
from generations.admin.filters import GenerationQuestion, ProviderFilter
from generations.models import Clip, Generation
from generations.services.generations import generation_cancel, generation_delete, generation_retry
from storage_app.models import Asset
from storage_app.responses import asset_response
from videogen.kernel.admin.formatting import (
    NONE,
    age,
    badge,
    between,
    duration,
    percentage_bar,
    short_id,
    usd,
    words,
)
from videogen.kernel.admin.pagination import BoundedPaginator
from videogen.kernel.admin.read_only import ReadOnlyAdmin
from videogen.kernel.errors import DomainError

VERBS: dict[str, tuple[Callable[..., object], str]] = {
    "cancel": (generation_cancel, "Cancellation requested"),
    "retry": (generation_retry, "Taken up again"),
}
ID_START = re.compile(r"[0-9a-f]{4,32}", re.IGNORECASE)
SEQUENCE = re.compile(r"[0-9]{1,9}")

#: Large, and not shown in the list.
DOCUMENTS = ["analysis", "brand_analysis", "brand", "storyboard"]


class GenerationChangeList(ChangeList):
    """Leaves the documents of each row in the database; the list does not show them."""

    def get_queryset(self, *args: Any, **kwargs: Any) -> QuerySet[Generation]:
        return super().get_queryset(*args, **kwargs).defer(*DOCUMENTS)


@admin.register(Generation)
class GenerationAdmin(ReadOnlyAdmin):
    """The list, the page of one generation, its verbs and its pictures."""

    list_display = [
        *["identifier", "state", "summary", "stage_now", "progress"],
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
        if ID_START.fullmatch(start := search_term.strip().replace("-", "")):
            # A range of ids, unlike a pattern over their text, can use the primary key's index.
            found |= queryset.filter(pk__range=(UUID(start.ljust(32, "0")), UUID(start.ljust(32, "f"))))
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
        return words(generation.stage) or NONE

    @admin.display(description="done")
    def progress(self, generation: Generation) -> SafeString:
        return percentage_bar(generation.percentage)

    @admin.display(description="cost")
    def cost(self, generation: Generation) -> str:
        return usd(generation.actual_usd if generation.is_finished else generation.estimated_usd)

    @admin.display(description="age", ordering="-created_at")
    def age(self, generation: Generation) -> SafeString | str:
        return age(generation.created_at)

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

        def delete(row: Generation) -> None:
            generation_delete(generation=row)
            self.log_deletions(request, [row])  # type: ignore[arg-type]

        self.each(request, queryset, delete, done="Deleted")
        return None

    def _do(self, request: HttpRequest, rows: Iterable[Generation], name: str) -> None:
        service, done = VERBS[name]

        def act(row: Generation) -> None:
            service(generation=row)
            self.log_change(request, row, done)

        self.each(request, rows, act, done=done)

    # The page of one generation

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view
        verb = guarded(self.verb_view)
        verbs = [
            path(f"<uuid:pk>/{name}/", verb, {"name": name}, name=f"generations_generation_{name}")
            for name in VERBS
        ]
        asset = path(
            "<uuid:pk>/asset/<uuid:asset_pk>/",
            guarded(self.asset_view, cacheable=True),
            name="generations_generation_asset",
        )
        return [asset, *verbs, *super().get_urls()]

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        before = request.GET.get("before", "")
        context |= {
            "title": Truncator(obj.prompt).chars(90),
            "subtitle": None,
            "detail": GenerationDetail(obj, before=int(before) if SEQUENCE.fullmatch(before) else None),
            "is_followed": "follow" in request.GET and not obj.is_finished,
            "may_change": self.has_change_permission(request),
            "may_rerun": request.user.has_perm("generations.change_stagerun"),
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    @method_decorator(require_POST)
    def verb_view(self, request: HttpRequest, pk: UUID, name: str) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        self._do(request, [get_object_or_404(Generation, pk=pk)], name)
        return redirect("admin:generations_generation_change", pk)

    def asset_view(self, request: HttpRequest, pk: UUID, asset_pk: UUID) -> HttpResponseBase:
        """The bytes of a generation's own video or picture, whoever owns it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        asset = get_object_or_404(_assets_of(pk), pk=asset_pk)
        return asset_response(request, asset, filename=_filename(asset))

    # Deleting, by Django's page that asks again

    def has_delete_permission(self, request: HttpRequest, obj: Generation | None = None) -> bool:
        return (obj is None or obj.is_finished) and admin.ModelAdmin.has_delete_permission(self, request, obj)

    def get_deleted_objects(
        self, objs: Iterable[Generation], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """What goes, in short: each generation and the number of its clips."""
        rows = list(objs)
        counts = {"generations": len(rows), "clips": Clip.objects.filter(generation__in=rows).count()}
        return [str(row) for row in rows], counts, set(), []

    def delete_model(self, request: HttpRequest, obj: Generation) -> None:
        generation_delete(generation=obj)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except DomainError as refused:
            self.message_user(request, str(refused), messages.WARNING)
            return redirect("admin:generations_generation_change", object_id)


def _assets_of(pk: UUID) -> QuerySet[Asset]:
    whole = Generation.objects.filter(Q(video=OuterRef("pk")) | Q(poster=OuterRef("pk")), pk=pk)
    pieces = Q(source=OuterRef("pk")) | Q(video=OuterRef("pk")) | Q(thumbnail=OuterRef("pk"))
    return Asset.objects.filter(Exists(whole) | Exists(Clip.objects.filter(pieces, generation=pk)))


def _filename(asset: Asset) -> str:
    return f"{asset.kind}-{short_id(asset.pk)}{guess_extension(asset.media_type) or ''}"
