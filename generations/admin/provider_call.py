"""Paid calls: found by what is to be done about them, looked at now, adopted, written off, and added up."""

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from generations.admin.call_page import CallPage
from generations.admin.filters import CallQuestion, HostedProviderFilter
from generations.admin.spend_page import SpendPage
from generations.admin.state import call_badge
from generations.models import ProviderCall
from generations.providers.hosted.redaction import without_secrets
from generations.services.call_decisions import CallConflict, call_adopt, call_look_now, call_write_off
from generations.states import AT_PROVIDER
from videogen.kernel.admin.formatting import NONE, age, moment, short_id, usd
from videogen.kernel.admin.pagination import BoundedPaginator
from videogen.kernel.admin.read_only import ReadOnlyAdmin

TITLE = "What the clips cost"
ID_START = re.compile(r"[0-9a-f]{4,32}", re.IGNORECASE)
#: Large, and not shown in the list.
DOCUMENTS = ["request", "answer", "urls", "output_url"]

Verb = Callable[[ProviderCall, HttpRequest], None]


def look_now(call: ProviderCall, request: HttpRequest) -> None:
    if call.status not in AT_PROVIDER:
        raise CallConflict(f"This call is {call.status}: there is nothing to look at.")
    call_look_now(call=call)


def adopt(call: ProviderCall, request: HttpRequest) -> None:
    call_adopt(call=call, job_id=request.POST.get("job_id", ""), operator=request.user.get_username())


def write_off(call: ProviderCall, request: HttpRequest, *, was_billed: bool) -> None:
    call_write_off(call=call, operator=request.user.get_username(), was_billed=was_billed)


#: What each does, and what is then said and recorded.
VERBS: dict[str, tuple[Verb, str]] = {
    "look": (look_now, "Looked at next"),
    "adopt": (adopt, "Adopted"),
    "write-off-unbilled": (partial(write_off, was_billed=False), "Written off as not billed"),
    "write-off-billed": (partial(write_off, was_billed=True), "Written off as billed"),
}


class CallChangeList(ChangeList):
    """Leaves the payloads of each row in the database; the list does not show them."""

    def get_queryset(self, *args: Any, **kwargs: Any) -> QuerySet[ProviderCall]:
        return super().get_queryset(*args, **kwargs).defer(*DOCUMENTS)


@admin.register(ProviderCall)
class ProviderCallAdmin(ReadOnlyAdmin):
    """The ledger of paid clips, and the decisions that only a person can take."""

    list_display = [
        *["identifier", "state", "at_provider", "of_clip", "estimated", "reserved", "actual"],
        *["provider_id", "age_and_look"],
    ]
    list_filter = [CallQuestion, "status", HostedProviderFilter, "created_at"]
    list_per_page = 50
    sortable_by = ["age_and_look"]
    paginator = BoundedPaginator
    search_fields = ["job_id"]
    search_help_text = "The provider's id, or the start of a call's id or of a generation's."
    actions = ["look"]
    fieldsets = ()
    change_form_template = "admin/generations/providercall/change_form.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CallChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ProviderCall], search_term: str
    ) -> tuple[QuerySet[ProviderCall], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        wanted = Q(job_id=term)
        if ID_START.fullmatch(start := term.replace("-", "")):
            # A range of ids, unlike a pattern over their text, can use an index.
            first, last = UUID(start.ljust(32, "0")), UUID(start.ljust(32, "f"))
            wanted |= Q(generation__gte=first, generation__lte=last) | Q(pk__range=(first, last))
        return queryset.filter(wanted), False

    # Columns

    @admin.display(description="id")
    def identifier(self, call: ProviderCall) -> str:
        return short_id(call.pk)

    @admin.display(description="status, error")
    def state(self, call: ProviderCall) -> SafeString:
        notes = [("", "another one was sent for it")] if call.is_superseded else []
        if call.error_code:
            notes.append((without_secrets(call.error_message), call.error_code))
        lines = format_html_join("", '<br><span class="vg-quiet" title="{}">{}</span>', notes)
        return format_html("{}{}", call_badge(call), lines)

    @admin.display(description="provider, model")
    def at_provider(self, call: ProviderCall) -> SafeString:
        return format_html('{}<br><span class="vg-quiet">{}</span>', call.provider, call.model)

    @admin.display(description="clip of generation")
    def of_clip(self, call: ProviderCall) -> SafeString:
        of: SafeString | str = "a deleted one"
        if call.generation_id:
            url = reverse("admin:generations_generation_change", args=[call.generation_id])
            of = format_html('<a href="{}"><code>{}</code></a>', url, short_id(call.generation_id))
        length = f"{call.seconds.normalize():f} s"
        return format_html('{} of {}<br><span class="vg-quiet">{}</span>', call.position, of, length)

    @admin.display(description="estimate")
    def estimated(self, call: ProviderCall) -> str:
        return usd(call.estimated_usd)

    @admin.display(description="reserved")
    def reserved(self, call: ProviderCall) -> str:
        return usd(call.reserved_usd) if call.reserved_usd else NONE

    @admin.display(description="actual")
    def actual(self, call: ProviderCall) -> str:
        return usd(call.actual_usd)

    @admin.display(description="provider's id")
    def provider_id(self, call: ProviderCall) -> SafeString | str:
        return format_html("<code>{}</code>", call.job_id) if call.job_id else NONE

    @admin.display(description="age, last look", ordering="-created_at")
    def age_and_look(self, call: ProviderCall) -> SafeString:
        look = moment(call.looked_at) if call.looked_at else "not looked at"
        return format_html('{}<br><span class="vg-quiet">{}</span>', age(call.created_at), look)

    # Verbs

    @admin.action(description="Look now", permissions=["change"])
    def look(self, request: HttpRequest, queryset: QuerySet[ProviderCall]) -> None:
        self._do(request, queryset, "look")

    def _do(self, request: HttpRequest, calls: Iterable[ProviderCall], name: str) -> None:
        verb, done = VERBS[name]

        def act(call: ProviderCall) -> None:
            verb(call, request)
            self.log_change(request, call, done)

        self.each(request, calls, act, done=done)

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view
        verb = guarded(self.verb_view)
        verbs = [
            path(f"<uuid:pk>/{name}/", verb, {"name": name}, name=f"generations_providercall_{name}")
            for name in VERBS
        ]
        spend = path("costs/", guarded(self.spend_view), name="generations_providercall_costs")
        return [spend, *verbs, *super().get_urls()]

    @method_decorator(require_POST)
    def verb_view(self, request: HttpRequest, pk: UUID, name: str) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        self._do(request, [get_object_or_404(ProviderCall, pk=pk)], name)
        return redirect("admin:generations_providercall_change", pk)

    # The pages of one call, and of what they cost together

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        context |= {
            "title": f"Clip {obj.position} by {obj.model} at {obj.provider}",
            "subtitle": None,
            "page": CallPage(obj),
            "may_change": self.has_change_permission(request),
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    def spend_view(self, request: HttpRequest) -> HttpResponse:
        """What clips cost, by day and model, and how money and providers stand now."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        page = SpendPage.of_query(request.GET)
        context = {**self.admin_site.each_context(request), "title": TITLE, "opts": self.opts, "page": page}
        return TemplateResponse(request, "admin/generations/providercall/costs.html", context)
