"""Short-lived signed addresses of files, as object stores give them out."""

import hashlib
import hmac
import secrets
from urllib.parse import urlencode

from cifras.sandbox.clock import Clock


class Links:
    """Signs and checks paths. The secret dies with the process, and old links with it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self.base_url = ""

    def sign(self, path: str, seconds: float) -> str:
        """Address of `path`, good for so many seconds of the sandbox's clock."""
        expires = str(int(self._clock.now().timestamp() + seconds))
        return (
            f"{self.base_url}{path}?{urlencode({'expires': expires, 'sig': self._signature(path, expires)})}"
        )

    def is_good(self, path: str, expires: str, signature: str) -> bool:
        """Whether the address was signed here and is still alive."""
        if not hmac.compare_digest(self._signature(path, expires), signature):
            return False
        return self._clock.now().timestamp() <= int(expires)

    def _signature(self, path: str, expires: str) -> str:
        return hmac.new(self._secret, f"{path}\n{expires}".encode(), hashlib.sha256).hexdigest()
