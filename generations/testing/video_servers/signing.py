"""How the two providers sign their webhooks."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

USER_ID = "videogen-test"


class StandardSigner:
    """Standard Webhooks with a secret that both sides know."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(24)

    @property
    def secret(self) -> str:
        """As the provider hands it out."""
        return f"whsec_{base64.b64encode(self._key).decode()}"

    def headers(self, body: bytes, message_id: str, timestamp: int) -> Mapping[str, str]:
        """What is sent along with a body."""
        signed = f"{message_id}.{timestamp}.".encode() + body
        signature = base64.b64encode(hmac.digest(self._key, signed, "sha256")).decode()
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": f"v1,{signature}",
        }


class FalSigner:
    """Ed25519, with a public key that anybody may fetch."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()

    @property
    def jwks(self) -> Mapping[str, object]:
        """The public key, as a JSON Web Key Set."""
        raw = self._key.public_key().public_bytes_raw()
        x = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        return {"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "1", "x": x}]}

    def headers(self, body: bytes, message_id: str, timestamp: int) -> Mapping[str, str]:
        """What is sent along with a body. The message's id is the request's."""
        lines = [message_id, USER_ID, str(timestamp), hashlib.sha256(body).hexdigest()]
        return {
            "X-Fal-Webhook-Request-Id": message_id,
            "X-Fal-Webhook-User-Id": USER_ID,
            "X-Fal-Webhook-Timestamp": str(timestamp),
            "X-Fal-Webhook-Signature": self._key.sign("\n".join(lines).encode()).hex(),
        }
