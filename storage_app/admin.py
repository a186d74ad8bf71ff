"""Assets, to be looked at: they are made and deleted by what owns them."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponseBase
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from storage_app.models import Asset
from storage_app.responses import asset_response


@admin.register(Asset)
class AssetAdmin(admin.ModelAdmin):
    list_display = ["id", "kind", "size", "media_type", "owner", "created_at", "content"]
    list_filter = ["kind", "media_type", "created_at"]
    list_select_related = ["owner"]
    search_fields = ["id", "sha256", "owner__username"]
    search_help_text = "An id, a SHA-256, or the name of an owner."
    show_full_result_count = False
    fields = ["id", "kind", "owner", "size", "media_type", "sha256", "storage_key", "created_at", "content"]

    @admin.display(description="size", ordering="size_bytes")
    def size(self, asset: Asset) -> str:
        return filesizeformat(asset.size_bytes)

    @admin.display(description="content")
    def content(self, asset: Asset) -> str:
        return format_html(
            '<a href="{}">Open</a>', reverse("admin:storage_app_asset_content", args=[asset.pk])
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        content = self.admin_site.admin_view(self.content_view)
        return [path("<uuid:pk>/content", content, name="storage_app_asset_content"), *super().get_urls()]

    def content_view(self, request: HttpRequest, pk: str) -> HttpResponseBase:
        asset = self.get_queryset(request).filter(pk=pk).first()
        if asset is None or not self.has_view_permission(request, asset):
            raise Http404("No such asset.")
        return asset_response(request, asset, filename=asset.storage_key.rpartition("/")[2])
