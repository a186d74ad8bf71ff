"""What one machine's stack consists of, as the settings and the environment say."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from videogen.environment import env_int

EVERY_INTERFACE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  Only to know what to connect to.


@dataclass(frozen=True)
class StackConfiguration:
    base_dir: Path
    data_dir: Path
    host: str
    port: int
    ws_port: int
    embedded_database: bool
    embedded_redis: bool
    web_workers: int
    web_threads: int
    workers: Mapping[str, int]

    @classmethod
    def from_settings(cls) -> "StackConfiguration":
        return cls(
            base_dir=settings.BASE_DIR,
            data_dir=settings.DATA_DIR,
            host=settings.HOST,
            port=settings.PORT,
            ws_port=settings.WS_PORT,
            embedded_database=settings.EMBEDDED_DATABASE,
            embedded_redis=settings.EMBEDDED_REDIS,
            web_workers=env_int("WEB_WORKERS", 1, at_least=1, at_most=64),
            web_threads=env_int("WEB_THREADS", 4, at_least=1, at_most=256),
            workers={
                "analysis": settings.ANALYSIS_WORKERS,
                "clips": settings.CLIPS_WORKERS,
                "assembly": env_int("ASSEMBLY_WORKERS", 1, at_least=1, at_most=256),
            },
        )

    @property
    def url(self) -> str:
        """Where this machine itself reaches the API."""
        return f"http://{self._authority}:{self.port}"

    @property
    def websocket_url(self) -> str:
        return f"ws://{self._authority}:{self.ws_port}"

    @property
    def _authority(self) -> str:
        host = EVERY_INTERFACE.get(self.host, self.host)
        return f"[{host}]" if ":" in host else host
