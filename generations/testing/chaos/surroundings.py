"""What processes have to be told so that the providers are ours, and nobody waits for longer than needed."""

from pathlib import Path

from generations.providers.video_models import BUNDLED, Catalogue
from generations.testing.chaos.points import VARIABLE
from generations.testing.video_servers import TOKEN, FalServer, ReplicateServer
from videogen.kernel.toml_catalogue import toml_read

#: What the models are said to take, so that the first look comes soon.
TYPICAL_SECONDS = 1
LEASE_SECONDS = 3
QUICK = {
    "STAGE_LEASE_SECONDS": str(LEASE_SECONDS),
    "PROVIDER_TIMEOUT_SECONDS": "2",
    "PROVIDER_UNKNOWN_SECONDS": "3",
}


def variables(replicate: ReplicateServer, fal: FalServer, *, directory: Path) -> dict[str, str]:
    """The environment of processes that buy from these servers. Traps are below `directory`."""
    return {
        **QUICK,
        "REPLICATE_BASE_URL": replicate.api_url,
        "REPLICATE_API_TOKEN": TOKEN,
        "FAL_QUEUE_URL": fal.url,
        "FAL_KEY": TOKEN,
        "FAL_JWKS_URL": fal.jwks_url,
        "FAL_SCHEMA_URL": fal.schema_url,
        "FETCH_ALLOWED_ORIGINS": f"{replicate.url},{fal.url}",
        "VIDEO_MODELS_FILE": str(models_write(directory / "video_models.toml")),
        VARIABLE: str(directory / "traps"),
    }


def models_write(path: Path) -> Path:
    """All models as they are, only quicker."""
    bundled = toml_read(BUNDLED, setting="VIDEO_MODELS_FILE").content
    lines = [
        f'[{provider}."{model}"]\ntypical_seconds = {TYPICAL_SECONDS}\n'
        for provider in Catalogue.model_fields
        for model in bundled[provider]
    ]
    path.write_text("\n".join(lines))
    return path
