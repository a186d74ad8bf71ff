"""Calls to language models: found by what they were for and how they ended, and added up."""

import re
from decimal import Decimal
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from analysis.admin.costs_page import CostsPage
from analysis.language_models import MODERATION, TASKS
from analysis.models import Outcome, TextCall
from videogen.kernel.admin.formatting import NONE, age, badge, count, duration, price, short_id, usd, words
from videogen.kernel.admin.pagination import BoundedPaginator
from videogen.kernel.admin.read_only import ReadOnlyAdmin

TITLE = "What the text tasks cost"
ID_START = re.compile(r"[0-9a-f]{4,32}", re.IGNORECASE)
#: The newest calls tell which models there are to choose from; the whole table would take long.
NEWEST = 5_000

CALL = ("task_words", "model", "ended", "generation", "attempt", "took", "created_at")
MONEY = ("cost", "input", "output", "input_price", "cached_price", "cache_write_price", "output_price")
PROTOCOL = ("id", "provider_request_id", "transport", "prompt_version", "error_code", "error_message")


class TaskFilter(admin.SimpleListFilter):
    """By task. The code knows them all; Django would read the whole table to find them."""

    title = parameter_name = "task"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(task, words(task)) for task in (*TASKS, MODERATION)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[TextCall]) -> QuerySet[TextCall]:
        return queryset.filter(task=self.value()) if self.value() else queryset


class ModelFilter(admin.SimpleListFilter):
    """By model, of those that did something lately."""

    title = parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        used = set(TextCall.objects.values_list("model", flat=True)[:NEWEST])
        return [(model, model) for model in sorted(used)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[TextCall]) -> QuerySet[TextCall]:
        return queryset.filter(model=self.value()) if self.value() else queryset


@admin.register(TextCall)
class TextCallAdmin(ReadOnlyAdmin):
    """The ledger. Nobody changes it; operators read it and add it up."""

    list_display = [
        *["identifier", "task_words", "model", "ended", "generation", "attempt"],
        *["tokens", "cost", "took", "age", "error"],
    ]
    list_filter = ["outcome", TaskFilter, ModelFilter, "created_at"]
    list_per_page = 50
    sortable_by = ["age"]
    paginator = BoundedPaginator
    search_fields = ["provider_request_id"]
    search_help_text = "The start of a generation's id or of a call's, or the id that the provider gave."
    fieldsets = [
        (None, {"fields": CALL}),
        ("Tokens and dollars", {"fields": MONEY}),
        ("Protocol", {"fields": PROTOCOL}),
    ]
    readonly_fields = [*CALL, *MONEY]

    class Media:
        css = {"all": ["analysis/costs.css"]}

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[TextCall], search_term: str
    ) -> tuple[QuerySet[TextCall], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        wanted = Q(provider_request_id=term)
        if ID_START.fullmatch(start := term.replace("-", "")):
            # A range of ids, unlike a pattern over their text, can use an index.
            ids = (UUID(start.ljust(32, "0")), UUID(start.ljust(32, "f")))
            wanted |= Q(generation_id__range=ids) | Q(pk__range=ids)
        return queryset.filter(wanted), False

    # Columns

    @admin.display(description="id")
    def identifier(self, call: TextCall) -> str:
        return short_id(call.pk)

    @admin.display(description="task")
    def task_words(self, call: TextCall) -> str:
        return words(call.task)

    @admin.display(description="outcome")
    def ended(self, call: TextCall) -> SafeString:
        return badge(call.outcome)

    @admin.display(description="generation")
    def generation(self, call: TextCall) -> SafeString | str:
        if call.generation_id is None:
            return NONE
        url = reverse("admin:generations_generation_change", args=[call.generation_id])
        return format_html('<a href="{}"><code>{}</code></a>', url, short_id(call.generation_id))

    @admin.display(description="tokens in, out")
    def tokens(self, call: TextCall) -> str:
        if call.outcome == Outcome.CACHED:
            return NONE
        return f"{count(call.input_tokens)} + {count(call.output_tokens)}"

    @admin.display(description="cost")
    def cost(self, call: TextCall) -> str:
        return usd(call.cost_usd)

    @admin.display(description="took")
    def took(self, call: TextCall) -> str:
        return duration(call.latency_seconds)

    @admin.display(description="age", ordering="-created_at")
    def age(self, call: TextCall) -> SafeString | str:
        return age(call.created_at)

    @admin.display(description="error")
    def error(self, call: TextCall) -> SafeString | str:
        if not call.error_code:
            return NONE
        return format_html('<span title="{}">{}</span>', call.error_message, call.error_code)

    # The page of one call

    @admin.display(description="input")
    def input(self, call: TextCall) -> str:
        parts = (
            f"{count(call.cached_tokens)} of them cached, {count(call.cache_write_tokens)} put into the cache"
        )
        return f"{count(call.input_tokens)} tokens, {parts}"

    @admin.display(description="output")
    def output(self, call: TextCall) -> str:
        return f"{count(call.output_tokens)} tokens, {count(call.reasoning_tokens)} of them reasoning"

    @admin.display(description="price of input")
    def input_price(self, call: TextCall) -> str:
        return price_said(call.input_price_usd)

    @admin.display(description="price of cached input")
    def cached_price(self, call: TextCall) -> str:
        return price_said(call.cached_price_usd)

    @admin.display(description="price of input put into the cache")
    def cache_write_price(self, call: TextCall) -> str:
        return price_said(call.cache_write_price_usd)

    @admin.display(description="price of output")
    def output_price(self, call: TextCall) -> str:
        return price_said(call.output_price_usd)

    # The page of costs

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.costs_view)
        return [path("costs/", view, name="analysis_textcall_costs"), *super().get_urls()]

    def costs_view(self, request: HttpRequest) -> HttpResponse:
        """What the text tasks cost, by day, task and model."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        page = CostsPage.of_query(request.GET)
        context = {**self.admin_site.each_context(request), "title": TITLE, "opts": self.opts, "page": page}
        return TemplateResponse(request, "admin/analysis/textcall/costs.html", context)


def price_said(amount: Decimal | None) -> str:
    """As it was when the call was made."""
    return "not known" if amount is None else f"{price(amount)} for a million tokens"
