"""The services behind the hosted providers: where they are, and which variables hold what we need of them."""

from dataclasses import dataclass

from django.conf import settings

from generations.providers.base import ProviderUnavailable
from videogen.kernel.http.origins import origin_of


@dataclass(frozen=True)
class Vendor:
    """A service. `scheme` is the word before the key in `Authorization`."""

    name: str
    title: str
    scheme: str
    key_variable: str
    key_page: str
    billing_page: str
    url_variable: str

    @property
    def key(self) -> str:
        key: str = getattr(settings, self.key_variable)
        return key

    @property
    def url(self) -> str:
        """Where it is asked, without a slash at the end."""
        url: str = getattr(settings, self.url_variable)
        return url.rstrip("/")

    @property
    def origin(self) -> str:
        return origin_of(self.url)

    def unavailable_because(self) -> str | None:
        """A sentence that says what is missing, or None when the service can be asked."""
        if not self.key:
            return f"It has no key. Set {self.key_variable} ({self.key_page})."
        if not all("!" <= character <= "~" for character in self.key):
            return (
                f"Its key has characters that no header can carry. Set {self.key_variable} again "
                f"({self.key_page})."
            )
        return None

    def authorization(self) -> dict[str, str]:
        """The header that carries the key. Raises `ProviderUnavailable`."""
        if reason := self.unavailable_because():
            raise ProviderUnavailable(f"{self.title} cannot be asked. {reason}")
        return {"Authorization": f"{self.scheme} {self.key}"}


REPLICATE = Vendor(
    name="replicate",
    title="Replicate",
    scheme="Bearer",
    key_variable="REPLICATE_API_TOKEN",
    key_page="https://replicate.com/account/api-tokens",
    billing_page="https://replicate.com/account/billing",
    url_variable="REPLICATE_BASE_URL",
)
FAL = Vendor(
    name="fal",
    title="fal",
    scheme="Key",
    key_variable="FAL_KEY",
    key_page="https://fal.ai/dashboard/keys",
    billing_page="https://fal.ai/dashboard/billing",
    url_variable="FAL_QUEUE_URL",
)
