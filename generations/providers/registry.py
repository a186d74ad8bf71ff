"""The providers that this installation knows, by name. Each is loaded when it is first asked for."""

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from generations.providers.base import HostedProvider, VideoProvider

BUILT_IN = {
    "animatic": "generations.providers.animatic.provider.AnimaticProvider",
    "replicate": "generations.providers.hosted.replicate.ReplicateProvider",
    "fal": "generations.providers.hosted.fal.FalProvider",
}


def provider_names() -> list[str]:
    """Every name that a request may give, beside `auto`."""
    return [*BUILT_IN, *settings.EXTRA_PROVIDERS]


@cache
def provider_get(name: str) -> VideoProvider:
    """The provider with this name. Raises `KeyError`."""
    provider: VideoProvider = import_string((BUILT_IN | settings.EXTRA_PROVIDERS)[name])()
    return provider


@cache  # A look at every name of a protocol takes longer than most of what is decided by it.
def hosted_provider(name: str) -> HostedProvider | None:
    """The provider with this name, if it works elsewhere and for money. Raises `KeyError`."""
    provider = provider_get(name)
    return provider if isinstance(provider, HostedProvider) else None


def hosted_names() -> list[str]:
    """Every provider that works elsewhere and for money."""
    return [name for name in provider_names() if hosted_provider(name)]
