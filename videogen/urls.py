"""All addresses."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from generations.api.hooks import HookView
from videogen import health

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="api-docs"), name="home"),
    path("health", health.health, name="health"),
    path("health/live", health.health, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("api/v1/", include("generations.api.urls")),
    path("hooks/<str:provider>/<uuid:token>", HookView.as_view(), name="provider-hook"),
    path("api/schema", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/docs", SpectacularSwaggerView.as_view(url_name="api-schema"), name="api-docs"),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
]
