"""Plain HTTP towards a test server of a provider, whichever it is."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from generations.media.probe import MediaInfo, probe
from generations.testing.video_servers import TOKEN, FalServer, ReplicateServer
from videogen.testing.waiting import eventually

SMALL = {"prompt": "a boat", "duration": 4, "resolution": "480p", "aspect_ratio": "1:1"}
SILENT = {**SMALL, "generate_audio": False}


class ProviderClient:
    """What a user of a provider does, one request at a time, without trying again."""

    def __init__(self, server: ReplicateServer | FalServer, timeout_seconds: float = 5.0) -> None:
        self.server = server
        self.is_fal = isinstance(server, FalServer)
        key = {"Authorization": f"{server.scheme} {TOKEN}"}
        self.http = httpx.Client(headers=key, timeout=timeout_seconds, trust_env=False, verify=False)

    def submit(self, given: Mapping[str, Any] = SILENT, webhook: str = "") -> httpx.Response:
        if self.is_fal:
            body = {**given, "duration": str(given["duration"])}
            hook = {"fal_webhook": webhook} if webhook else {}
            path = "bytedance/seedance-2.0/text-to-video"
            return self.http.post(f"{self.server.url}/{path}", params=hook, json=body)
        path = "/v1/models/bytedance/seedance-2.0/predictions"
        hook = {"webhook": webhook} if webhook else {}
        return self.http.post(f"{self.server.url}{path}", json={"input": given, **hook})

    def job(self, given: Mapping[str, Any] = SILENT, webhook: str = "") -> str:
        """The id of a new job."""
        body = self.submit(given, webhook).json()
        return str(body["request_id" if self.is_fal else "id"])

    def poll(self, job_id: str) -> httpx.Response:
        return self.http.get(f"{self._job(job_id)}/status" if self.is_fal else self._job(job_id))

    def result(self, job_id: str) -> httpx.Response:
        return self.http.get(self._job(job_id))

    def cancel(self, job_id: str) -> httpx.Response:
        return self.http.request("PUT" if self.is_fal else "POST", f"{self._job(job_id)}/cancel")

    def status(self, job_id: str) -> str:
        return str(self.poll(job_id).json()["status"])

    def finished(self, given: Mapping[str, Any] = SILENT, webhook: str = "") -> str:
        """The id of a job that has come to an end."""
        job_id = self.job(given, webhook)
        assert eventually(lambda: self.status(job_id) in ("succeeded", "failed", "COMPLETED"))
        return job_id

    def output_url(self, job_id: str) -> str:
        body = self.result(job_id).json()
        return str(body["video"]["url"] if self.is_fal else body["output"])

    def download(self, job_id: str) -> httpx.Response:
        return self.http.get(self.output_url(job_id))

    def clip(self, given: Mapping[str, Any] = SILENT) -> MediaInfo:
        """What a video holds that is made now."""
        content = self.download(self.finished(given)).content
        with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
            Path(file.name).write_bytes(content)
            return probe(Path(file.name))

    def _job(self, job_id: str) -> str:
        middle = "/bytedance/seedance-2.0/requests/" if self.is_fal else "/v1/predictions/"
        return f"{self.server.url}{middle}{job_id}"
