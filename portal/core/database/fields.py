"""Model fields that keep personal data encrypted at rest."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    _SealedText = models.TextField[str, str]
    _SealedJSON = models.TextField[Any, Any]
else:
    _SealedText = _SealedJSON = models.TextField

_NONCE_BYTES = 12


@lru_cache(maxsize=8)
def _key(purpose: str, secret: str) -> bytes:
    return hashlib.blake2b(
        secret.encode(), digest_size=32, person=purpose.encode()[:16].ljust(16, b"\0")
    ).digest()


def encrypt(plain: str) -> str:
    """Return ``plain`` under AES-256-GCM with FIELD_KEY, as URL-safe base64."""
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(_key("field", settings.FIELD_KEY)).encrypt(nonce, plain.encode(), None)
    return base64.urlsafe_b64encode(nonce + sealed).decode()


def decrypt(sealed: str) -> str:
    """Return the text ``encrypt`` was given; raises InvalidTag when the key or the text differs."""
    raw = base64.urlsafe_b64decode(sealed)
    aead = AESGCM(_key("field", settings.FIELD_KEY))
    return aead.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], None).decode()


def keyed_hash(value: str) -> str:
    """Return a hash by which equal values are found without being readable (64 hex digits)."""
    key = _key("lookup", settings.FIELD_KEY)
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()


def server_secret(purpose: str) -> bytes:
    """Return 32 bytes for ``purpose`` that FIELD_KEY gives and the database does not hold."""
    return _key(purpose, settings.FIELD_KEY)


class EncryptedTextField(_SealedText):
    """Text that the database sees only encrypted; it can't be searched."""

    def get_prep_value(self, value: Any) -> Any:
        return encrypt(value) if value else value

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        return decrypt(value) if value else value


class EncryptedJSONField(_SealedJSON):
    """JSON that the database sees only encrypted; it can't be searched."""

    # What the type checker's Django plugin reads: any JSON value may be set.
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def get_prep_value(self, value: Any) -> Any:
        if value is None:
            return None
        return encrypt(json.dumps(value, ensure_ascii=False, sort_keys=True))

    def from_db_value(self, value: str | None, *_: object) -> Any:
        return json.loads(decrypt(value)) if value else value

    def to_python(self, value: Any) -> Any:
        return value
