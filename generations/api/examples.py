"""Examples for the OpenAPI document; tests send the requests and compare the answers' names."""

from typing import Any

ID = "0d8f2f9e-6a3c-4c5e-9a51-7b1d2c9f4e10"
URL = f"http://127.0.0.1:8000/api/v1/generations/{ID}"

REQUEST: dict[str, Any] = {
    "prompt": "A 15 second ad for a reusable coffee cup, rainy Tokyo street at night",
    "duration_seconds": 15,
    "aspect_ratio": "16:9",
    "resolution": "720p",
    "transition": "dissolve",
    "brand": {"name": "Kumo", "palette": ["#1b4d3e", "#f2e8cf"], "tone": "warm and quiet"},
    "max_cost_usd": "2.50",
    "metadata": {"campaign": "autumn"},
}

QUEUED: dict[str, Any] = {
    "id": ID,
    "status": "queued",
    "stage": "",
    "percentage": 0,
    "eta_seconds": 14,
    "queue_position": 1,
    "prompt": REQUEST["prompt"],
    "duration_seconds": 15,
    "aspect_ratio": "16:9",
    "resolution": "720p",
    "transition": "dissolve",
    "style": "",
    "brand": {**REQUEST["brand"], "guidelines": ""},
    "references": [],
    "provider": "animatic",
    "model": "animatic-1",
    "audio": None,
    "routing": None,
    "approval": "auto",
    "max_cost_usd": "2.500000",
    "seed": 1820194531,
    "metadata": {"campaign": "autumn"},
    "clip_count": 0,
    "clips_ready": 0,
    "video": None,
    "error": None,
    "cost": {
        "estimated_usd": "0.003100",
        "actual_usd": "0.000000",
        "analysis_usd": "0.000000",
        "reserved_usd": "0.000000",
    },
    "warnings": ["animatic: a drawn preview of what a paid provider would film"],
    "version": 1,
    "parent_id": None,
    "created_at": "2026-01-31T12:00:00.000000Z",
    "updated_at": "2026-01-31T12:00:00.000000Z",
    "started_at": None,
    "finished_at": None,
    "estimated_completion": "2026-01-31T12:00:14.000000Z",
    "links": {
        "self": URL,
        "events": f"{URL}/events",
        "clips": f"{URL}/clips",
        "storyboard": f"{URL}/storyboard",
        "cancel": f"{URL}/cancel",
        "video": f"{URL}/video",
        "websocket": f"ws://127.0.0.1:8001/ws/generations/{ID}",
    },
}

COMPLETED: dict[str, Any] = QUEUED | {
    "status": "completed",
    "percentage": 100,
    "eta_seconds": None,
    "queue_position": None,
    "clip_count": 4,
    "clips_ready": 4,
    "video": {
        "url": f"{URL}/video",
        "poster_url": f"{URL}/poster",
        "duration_seconds": 15,
        "width": 1280,
        "height": 720,
        "size_bytes": 5301422,
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "media_type": "video/mp4",
    },
    "cost": {
        "estimated_usd": "0.003100",
        "actual_usd": "0.002874",
        "analysis_usd": "0.002874",
        "reserved_usd": "0.000000",
    },
    "updated_at": "2026-01-31T12:00:13.101000Z",
    "started_at": "2026-01-31T12:00:00.041000Z",
    "finished_at": "2026-01-31T12:00:13.101000Z",
}

CANCELLING: dict[str, Any] = QUEUED | {"status": "cancelling", "queue_position": None, "percentage": 41}

FAILED: dict[str, Any] = QUEUED | {
    "status": "failed",
    "stage": "prompt_analysis",
    "queue_position": None,
    "eta_seconds": None,
    "error": {
        "code": "safety.input.violence",
        "message": "This request was blocked by moderation: violence.",
        "stage": "prompt_analysis",
        "position": None,
        "retryable": False,
        "hint": "Rewrite the text without what its category names.",
    },
    "finished_at": "2026-01-31T12:00:01.300000Z",
}

PAGE: dict[str, Any] = {
    "results": [COMPLETED, FAILED],
    "next": "http://127.0.0.1:8000/api/v1/generations?limit=20&cursor=WyIyMDI2…",
}

SCENE: dict[str, Any] = {
    "position": 1,
    "duration_seconds": 4.0,
    "title": "Rainy Tokyo",
    "micro_prompt": "Wide shot of a rainy Tokyo street at night, neon on wet asphalt, slow push in.",
    "subject": "a reusable coffee cup",
    "setting": "street",
    "time_of_day": "night",
    "weather": "rain",
    "mood": "calm",
    "camera": "push_in",
    "palette": ["#1b4d3e", "#f2e8cf", "#22283a"],
}

STORYBOARD: dict[str, Any] = {"title": "A reusable coffee cup", "scenes": [SCENE]}

PLAN: dict[str, Any] = {
    "dry_run": True,
    "provider": "animatic",
    "model": "animatic-1",
    "frame": {"width": 1280, "height": 720, "fps": 24},
    "storyboard": STORYBOARD,
    "estimated_usd": "0.003100",
    "estimated_seconds": 13.6,
    "routing": None,
    "warnings": [
        *QUEUED["warnings"],
        "This storyboard is a sketch, made without the language model that will write the real one.",
    ],
}

CLIPS: dict[str, Any] = {
    "results": [
        {
            "id": "6f1c64a8-57a0-4a35-a9a2-5f0a3d9a2f55",
            "position": 1,
            "status": "ready",
            "duration_seconds": 4.0,
            "bought_seconds": None,
            "reused": False,
            "scene": SCENE,
            "fingerprint": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
            "provider": "animatic",
            "model": "animatic-1",
            "seed": 1820202450,
            "cost_usd": "0.000000",
            "video": {
                "url": f"{URL}/clips/1/video",
                "size_bytes": 1412045,
                "sha256": "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",
                "media_type": "video/mp4",
            },
            "thumbnail_url": f"{URL}/clips/1/thumbnail",
        }
    ]
}

ROUTING: dict[str, Any] = {
    "asked": "auto",
    "chosen": {
        "provider": "replicate",
        "model": "wan-video/wan-2.7-t2v",
        "score": 0.965,
        "scores": {"fit": 0.9, "price": 1.0, "time": 1.0, "reliability": 1.0},
        "estimated_usd": "1.500000",
        "usual_seconds": 90.0,
    },
    "reasons": ["Its clips cost 1.50 USD, the least."],
    "others": [],
    "rejected": [
        {
            "provider": "fal",
            "model": "fal-ai/veo3.1",
            "reason": "It has no key. Set FAL_KEY (https://fal.ai/dashboard/keys).",
        }
    ],
}

VERSION: dict[str, Any] = QUEUED | {
    "provider": "replicate",
    "model": "wan-video/wan-2.7-t2v",
    "routing": ROUTING,
    "clip_count": 4,
    "clips_ready": 3,
    "version": 2,
    "parent_id": "9a51f2de-6a3c-4c5e-9a51-7b1d2c9f4e10",
}

EVENTS: dict[str, Any] = {
    "results": [
        {
            "type": "event",
            "generation_id": ID,
            "sequence": 2,
            "event": "generation.processing",
            "stage": "",
            "position": None,
            "status": "processing",
            "percentage": 0,
            "message": "",
            "data": {},
            "created_at": "2026-01-31T12:00:00.041000Z",
        }
    ],
    "complete": True,
    "last_sequence": 2,
    "next": None,
}

PROVIDER: dict[str, Any] = {
    "name": "animatic",
    "description": "a drawn preview of what a paid provider would film",
    "is_default": True,
    "available": True,
    "unavailable_because": None,
    "paid": False,
    "state": "ready",
    "prices": [{"model": "animatic-1", "resolution": "720p", "usd_per_second": "0.000000"}],
    "models": [],
    "capabilities": {
        "models": ["animatic-1"],
        "aspect_ratios": ["16:9", "9:16", "1:1", "4:5", "21:9"],
        "resolutions": ["480p", "720p", "1080p"],
        "min_clip_seconds": 1.0,
        "max_clip_seconds": 15.0,
        "audio": False,
    },
}

ASSET: dict[str, Any] = {
    "id": "3a0c8d1e-4f7b-4a55-8f0a-9d7c1b2e6f30",
    "kind": "reference",
    "size_bytes": 184220,
    "sha256": "486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7",
    "media_type": "image/jpeg",
    "width": 2048,
    "height": 1365,
    "created_at": "2026-01-31T11:59:00.000000Z",
    "links": {
        "self": "http://127.0.0.1:8000/api/v1/assets/3a0c8d1e-4f7b-4a55-8f0a-9d7c1b2e6f30",
        "content": "http://127.0.0.1:8000/api/v1/assets/3a0c8d1e-4f7b-4a55-8f0a-9d7c1b2e6f30/content",
    },
}

TICKET: dict[str, Any] = {
    "ticket": "kF4t0QwYV3s7n1J9x2mZpA6c8eR5uB0dLhTgXoWiNqE",
    "expires_in_seconds": 60,
    "url": "ws://127.0.0.1:8001/ws/generations?ticket=kF4t0QwYV3s7n1J9x2mZpA6c8eR5uB0dLhTgXoWiNqE",
}

PROBLEM: dict[str, Any] = {
    "type": "urn:videogen:problem:request.invalid",
    "title": "Bad Request",
    "status": 400,
    "detail": "These fields are not right: duration_seconds.",
    "instance": "/api/v1/generations",
    "code": "request.invalid",
    "errors": [
        {
            "field": "duration_seconds",
            "code": "max_value",
            "message": "It must be a whole number from 4 to 180.",
        }
    ],
    "request_id": "5b0d1f8e3f1d4a0f9d6a1d2a7c3e9b10",
}
