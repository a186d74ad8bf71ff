"""A request as the API hands it to the services."""

REQUEST = {
    "prompt": "A reusable coffee cup in rainy Tokyo at night",
    "duration_seconds": 8,
    "aspect_ratio": "16:9",
    "resolution": "480p",
    "style": "",
    "brand": None,
    "provider": "auto",
    "model": "",
    "approval": "auto",
    "max_cost_usd": None,
    "seed": 7,
    "metadata": {},
}
