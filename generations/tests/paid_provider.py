"""A provider that costs a dollar a second, to ask prices of."""

from decimal import Decimal

from generations.providers.base import Capabilities, ClipSpec


class PaidProvider:
    name = "paid"

    def capabilities(self) -> Capabilities:
        return Capabilities(
            models=("grand", "small"),
            aspect_ratios=("16:9",),
            resolutions=("720p",),
            min_clip_seconds=Decimal(2),
            max_clip_seconds=Decimal(4),
            audio=True,
            paid=True,
            description="A dollar a second.",
        )

    def unavailable_because(self) -> str | None:
        return None

    def estimate(self, spec: ClipSpec) -> Decimal:
        return spec.scene.duration_seconds


class ClosedProvider(PaidProvider):
    name = "closed"

    def unavailable_because(self) -> str | None:
        return "It has no key. Set CLOSED_API_KEY."
