"""Encryption of upstream credentials at rest: Fernet, with key rotation. Never logs one."""

from functools import cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


@cache
def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.CREDENTIAL_KEYS])


def encrypt(secret: str) -> bytes:
    """Encrypt under the newest key; "" stays empty."""
    return _fernet().encrypt(secret.encode()) if secret else b""


def decrypt(stored: bytes) -> str:
    """The clear text; raises `cryptography.fernet.InvalidToken` when no key fits."""
    return _fernet().decrypt(stored).decode() if stored else ""
