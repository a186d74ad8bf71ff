"""Where the two views are."""

from django.urls import path

from loadtests.peers.drf_service.views import GenerationsView, GenerationView

urlpatterns = [
    path("api/v1/generations", GenerationsView.as_view()),
    path("api/v1/generations/<uuid:pk>", GenerationView.as_view()),
]
