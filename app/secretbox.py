"""Credentials at rest: MultiFernet under keys derived from PACKSHOT_SECRET_KEY; the first key encrypts, all of them decrypt."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

LOST = "credentials cannot be decrypted: PACKSHOT_SECRET_KEY has changed; add the old key behind a comma, or enter the credentials again"


class SecretsLost(Exception):
    """The credentials were encrypted under a key that PACKSHOT_SECRET_KEY no longer holds."""


class SecretBox:
    """Encrypts small JSON objects; never prints them."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        made = [Fernet(_derive(key)) for key in keys]
        self._current, self._fernet = made[0], MultiFernet(made)

    def seal(self, values: Mapping[str, str]) -> str:
        return self._fernet.encrypt(json.dumps(dict(values)).encode()).decode()

    def open(self, token: str) -> dict[str, str]:
        """Raises SecretsLost where no key fits."""
        try:
            return dict(json.loads(self._fernet.decrypt(token.encode())))
        except InvalidToken:
            raise SecretsLost(LOST) from None

    def rotate(self, token: str) -> str:
        """The same secret under the current key. Raises SecretsLost where no key fits."""
        if not self.opens(token):
            raise SecretsLost(LOST)
        return self._fernet.rotate(token.encode()).decode()

    def is_current(self, token: str) -> bool:
        """Whether the first key alone opens it."""
        return _fits(self._current, token)

    def opens(self, token: str) -> bool:
        """Whether any of our keys opens it."""
        return _fits(self._fernet, token)


def _fits(fernet: Fernet | MultiFernet, token: str) -> bool:
    try:
        fernet.decrypt(token.encode())
    except InvalidToken:
        return False
    return True


def _derive(key: str) -> bytes:
    return base64.urlsafe_b64encode(HKDF(hashes.SHA256(), 32, salt=None, info=b"packshot credentials").derive(key.encode()))
