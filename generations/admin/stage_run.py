"""Attempts across all generations: what is at work, what failed, what was lost."""

from collections.abc import Iterable
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.views.decorators.http import require_POST

from generations.admin.filters import StageFilter, StageRunQuestion
from generations.admin.state import call_badge, run_badge
from generations.models import ProviderCall, StageRun
from generations.services.generations import stage_rerun
from generations.states import StageStatus
from videogen.kernel.admin.formatting import (
    NONE,
    age,
    between,
    duration,
    short_id,
    words,
)
from videogen.kernel.admin.pagination import BoundedPaginator
from videogen.kernel.admin.read_only import ReadOnlyAdmin


@admin.register(StageRun)
class StageRunAdmin(ReadOnlyAdmin):
    """The list answers "what are the workers doing?"; the verb is "run this stage again"."""

    list_display = [
        *["stage_words", "clip_position", "attempt", "state", "error", "of_generation"],
        *["at_work", "lease", "age", "took"],
    ]
    list_filter = [StageRunQuestion, "status", StageFilter, "created_at"]
    list_select_related = ["generation", "clip"]
    list_per_page = 50
    ordering = ["-created_at", "-attempt"]
    sortable_by = ["age"]
    paginator = BoundedPaginator
    search_fields = ["worker", "error_code", "error_message"]
    search_help_text = "A worker, an error's code, or words of its message."
    actions = ["run_again"]
    fields = [
        *["of_generation", "stage", "clip", "attempt", "state", "queue", "worker", "percentage", "calls"],
        *["error_code", "error_message", "created_at", "available_at", "started_at"],
        *["put_back_count", "put_back_reason", "lease_expires_at", "finished_at", "output"],
    ]
    readonly_fields = ["of_generation", "state", "calls"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[StageRun]:
        return super().get_queryset(request).defer("generation__storyboard", "generation__analysis")

    # Columns

    @admin.display(description="stage")
    def stage_words(self, run: StageRun) -> str:
        return words(run.stage)

    @admin.display(description="clip")
    def clip_position(self, run: StageRun) -> int | str:
        return run.clip.position if run.clip else NONE

    @admin.display(description="status")
    def state(self, run: StageRun) -> SafeString:
        return run_badge(run)

    @admin.display(description="generation")
    def of_generation(self, run: StageRun) -> SafeString:
        url = reverse("admin:generations_generation_change", args=[run.generation_id])
        prompt = Truncator(run.generation.prompt).chars(40)
        return format_html('<a href="{}"><code>{}</code></a> {}', url, short_id(run.generation_id), prompt)

    @admin.display(description="worker, queue")
    def at_work(self, run: StageRun) -> SafeString:
        """A waiting one is with nobody here; its provider has it."""
        who = run.worker or NONE
        if run.status == StageStatus.WAITING and run.clip:
            who = f"at {run.clip.provider}"
        return format_html('{}<br><span class="vg-quiet">{}</span>', who, run.queue)

    @admin.display(description="lease")
    def lease(self, run: StageRun) -> str:
        left = between(timezone.now(), run.lease_expires_at) if run.lease_expires_at else None
        if left is None:
            return NONE
        return f"{duration(left)} left" if left > 0 else f"{duration(-left)} over"

    @admin.display(description="age", ordering="-created_at")
    def age(self, run: StageRun) -> SafeString | str:
        return age(run.created_at)

    @admin.display(description="took")
    def took(self, run: StageRun) -> str:
        return duration(between(run.started_at, run.finished_at))

    @admin.display(description="error")
    def error(self, run: StageRun) -> SafeString | str:
        if not run.error_code:
            return NONE
        return format_html('<span title="{}">{}</span>', run.error_message, run.error_code)

    @admin.display(description="provider calls")
    def calls(self, run: StageRun) -> SafeString | str:
        """The paid calls that this attempt has sent."""
        sent = ProviderCall.objects.filter(stage_run=run).only("pk", "status", "given_up_at")
        page = "admin:generations_providercall_change"
        links = [(reverse(page, args=[call.pk]), short_id(call.pk), call_badge(call)) for call in sent]
        return format_html_join("  ", '<a href="{}"><code>{}</code></a> {}', links) or NONE

    # The verb

    @admin.action(description="Run these stages again", permissions=["change"])
    def run_again(self, request: HttpRequest, queryset: QuerySet[StageRun]) -> None:
        self._run_again(request, queryset)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.rerun_view)
        return [path("<uuid:pk>/rerun/", view, name="generations_stagerun_rerun"), *super().get_urls()]

    @method_decorator(require_POST)
    def rerun_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        run = get_object_or_404(StageRun.objects.select_related("generation"), pk=pk)
        self._run_again(request, [run])
        return redirect("admin:generations_generation_change", run.generation_id)

    def _run_again(self, request: HttpRequest, runs: Iterable[StageRun]) -> None:
        done = "Runs again"

        def act(run: StageRun) -> None:
            stage_rerun(run=run)
            self.log_change(request, run, done)

        self.each(request, runs, act, done=done)
