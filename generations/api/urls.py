"""Addresses of the API, below `/api/v1/`. None ends in a slash."""

from django.urls import include, path

from generations.api import assets, generations, media, parts, providers, tickets

generation = [
    path("", generations.GenerationView.as_view(), name="generation"),
    path("/cancel", generations.CancelView.as_view(), name="generation-cancel"),
    path("/retry", generations.RetryView.as_view(), name="generation-retry"),
    path("/approve", generations.ApproveView.as_view(), name="generation-approve"),
    path("/clips", parts.ClipsView.as_view(), name="generation-clips"),
    path("/events", parts.EventsView.as_view(), name="generation-events"),
    path("/storyboard", parts.StoryboardView.as_view(), name="generation-storyboard"),
    path("/video", media.VideoView.as_view(), name="generation-video"),
    path("/poster", media.PosterView.as_view(), name="generation-poster"),
    path("/clips/<int:position>/regenerate", parts.RegenerateView.as_view(), name="clip-regenerate"),
    path("/clips/<int:position>/video", media.ClipVideoView.as_view(), name="clip-video"),
    path("/clips/<int:position>/thumbnail", media.ClipThumbnailView.as_view(), name="clip-thumbnail"),
]

urlpatterns = [
    path("generations", generations.GenerationsView.as_view(), name="generations"),
    path("generations/<uuid:generation_id>", include(generation)),
    path("assets", assets.AssetsView.as_view(), name="assets"),
    path("assets/<uuid:asset_id>", assets.AssetView.as_view(), name="asset"),
    path("assets/<uuid:asset_id>/content", assets.AssetContentView.as_view(), name="asset-content"),
    path("providers", providers.ProvidersView.as_view(), name="providers"),
    path("providers/<str:name>", providers.ProviderView.as_view(), name="provider"),
    path("ws-tickets", tickets.TicketsView.as_view(), name="ws-tickets"),
]
