"""What makes a server of a desk: a port to listen on, and the time from entering to leaving."""

from types import TracebackType
from typing import Any, Self

from generations.testing.video_servers.handler import bound
from generations.testing.video_servers.webhooks import Announcer
from videogen.kernel.testing.http_server import LocalServer


class VideoServer(Announcer):
    """Listens on the loopback for as long as it is entered; `port` 0 is any free one."""

    def __init__(self, *, port: int = 0, **options: Any) -> None:
        super().__init__(**options)
        self._server = LocalServer(bound(self), port=port)

    @property
    def url(self) -> str:
        return self._server.origin

    def __enter__(self) -> Self:
        self.courier.__enter__()
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cut all connections, and forget what was still to be told."""
        self._server.__exit__(kind, error, trace)
        self.courier.__exit__(kind, error, trace)
