"""Model fields that keep personal data encrypted at rest, each value bound to its row."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from abc import ABCMeta, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core import checks
from django.db import models
from django.db.models.query_utils import DeferredAttribute
from django.utils.functional import cached_property

if TYPE_CHECKING:
    _Field = models.Field[Any, Any]
    _SealedText = models.TextField[str, str]
    _SealedJSON = models.TextField[Any, Any]
else:
    _Field = object  # it stands before a field of Django's
    _SealedText = _SealedJSON = models.TextField

_NONCE_BYTES = 12
# Before what is bound to its row; what has no such beginning was written before there was one.
# Neither ":" nor a space stands in base64.
_BOUND = "row:"
_KEY_ID_DIGITS = 8


@lru_cache(maxsize=16)
def _key(purpose: str, secret: str) -> bytes:
    return hashlib.blake2b(
        secret.encode(), digest_size=32, person=purpose.encode()[:16].ljust(16, b"\0")
    ).digest()


@lru_cache(maxsize=16)
def _aead(secret: str) -> AESGCM:
    return AESGCM(_key("field", secret))


@lru_cache(maxsize=16)
def _key_id(secret: str) -> str:
    return _key("field key name", secret).hex()[:_KEY_ID_DIGITS]


def _seal(plain: bytes, context: bytes | None) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + _aead(settings.FIELD_KEY).encrypt(nonce, plain, context)


def _unseal(sealed: bytes, secrets: Sequence[str], context: bytes | None) -> bytes:
    for secret in secrets:
        try:
            return _aead(secret).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)
        except InvalidTag:
            continue
    raise InvalidTag


def encrypt_bytes(plain: bytes) -> bytes:
    """Return ``plain`` under AES-256-GCM with FIELD_KEY."""
    return _seal(plain, None)


def decrypt_bytes(sealed: bytes) -> bytes:
    """Return what ``encrypt_bytes`` was given; raises InvalidTag when the key or a byte differs,
    ValueError for what is too short to be anything sealed."""
    return _unseal(sealed, (settings.FIELD_KEY, *settings.FIELD_KEYS_BEFORE), None)


def encrypt(plain: str) -> str:
    """Return ``plain`` as ``encrypt_bytes`` does, in URL-safe base64."""
    return base64.urlsafe_b64encode(encrypt_bytes(plain.encode())).decode()


def decrypt(sealed: str) -> str:
    """Return the text ``encrypt`` was given; raises InvalidTag when the key or the text differs."""
    return decrypt_bytes(base64.urlsafe_b64decode(sealed)).decode()


def keyed_hash(value: str) -> str:
    """Return a hash by which equal values are found without being readable (64 hex digits)."""
    key = _key("lookup", settings.LOOKUP_KEY)
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()


def server_secret(purpose: str) -> bytes:
    """Return 32 bytes for ``purpose`` that LOOKUP_KEY gives and the database does not hold."""
    return _key(purpose, settings.LOOKUP_KEY)


class NotBound(TypeError):
    """An encrypted value was to be written where no row is known, or read away from its row."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A value as the database has it: readable with its row alone (``values()`` has none)."""

    text: str

    @property
    def is_current(self) -> bool:
        """Whether it is bound to its row and under FIELD_KEY as it is now."""
        return self.text.startswith(f"{_BOUND}{_key_id(settings.FIELD_KEY)}:")


class _Opened(DeferredAttribute):
    """Opens a value when it is first looked at: its row is known then."""

    field: Any

    def __init__(self, field: Any) -> None:
        super().__init__(field)
        self.attname = field.attname  # looked at for each cell of a list

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        if instance is None:
            return self
        value = instance.__dict__.get(self.attname, _Opened)
        if value is _Opened:  # deferred: read alone, its row is known here
            rows = type(instance)._base_manager.db_manager(instance._state.db)
            value = rows.values_list(self.field.attname, flat=True).get(pk=instance.pk)
            instance.__dict__[self.field.attname] = value
        if isinstance(value, Sealed):
            value = instance.__dict__[self.field.attname] = self.field.open(value, instance)
        return value

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.attname] = value


class _BoundField(_Field, metaclass=ABCMeta):
    """What the encrypted fields share.

    ``row`` names the columns (attnames) by which a row is known for good: ``("uuid",)``, or those
    of a unique constraint. They are set before the row is inserted, never the primary key that the
    database gives, and never change. A value is authenticated together with its table, its column
    and these: put into another row or column it can't be read (InvalidTag).

    So a value is written by save(), bulk_create() or portal.core.database.bulk.update_rows();
    QuerySet.update() and bulk_update() know no row, and raise NotBound. ``values()`` gives what is
    sealed. The system check fields.E9xx refuses a field without a row, or whose row is not unique.
    """

    descriptor_class = _Opened
    non_db_attrs = (*models.Field.non_db_attrs, "row")

    def __init__(self, *args: Any, row: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row = tuple(row)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        if self.row:
            kwargs["row"] = self.row
        return name, path, args, kwargs

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        found = super().check(**kwargs)
        if not self.row:
            hint = 'Name what the row is known by before it is inserted: row=("uuid",).'
            error = checks.Error("An encrypted field names its row.", hint, self, "portal.E010")
            return [*found, error]
        meta = self.model._meta
        by_attname = {one.attname: one for one in meta.concrete_fields}
        names = [by_attname[one].name for one in self.row if one in by_attname]
        if len(names) != len(self.row) or any(by_attname[one].primary_key for one in self.row):
            hint = "Name columns as they stand on an instance (dossier_id), not the primary key."
            error = checks.Error("No such columns to know a row by.", hint, self, "portal.E011")
            return [*found, error]
        unique = [{one.name} for one in meta.concrete_fields if one.unique]
        unique += [
            set(one.fields)
            for one in meta.constraints
            if isinstance(one, models.UniqueConstraint) and one.condition is None
        ]
        if set(names) in unique:
            return found
        hint = "Give the columns a unique constraint, or name a unique column."
        return [
            *found,
            checks.Error("Two rows could be known by these.", hint, self, "portal.E012"),
        ]

    @abstractmethod
    def to_text(self, value: Any) -> str | None:
        """Return what is to be encrypted; None: nothing is."""

    @abstractmethod
    def from_text(self, text: str) -> Any:
        """Return the value that ``to_text`` made ``text`` of."""

    def _context(self, instance: models.Model) -> bytes:
        meta = self.model._meta
        values = [one.to_python(getattr(instance, one.attname)) for one in self._row_fields]
        if any(value is None or value == "" for value in values):
            raise NotBound(f"{meta.label}.{self.name}: its row has no {', '.join(self.row)} yet")
        return "|".join([meta.db_table, str(self.column), *map(str, values)]).encode()

    @cached_property
    def _row_fields(self) -> Sequence[Any]:
        by_attname = {one.attname: one for one in self.model._meta.concrete_fields}
        return [by_attname[name] for name in self.row]

    def seal(self, value: Any, instance: models.Model) -> Sealed | str | None:
        """Return ``value`` encrypted for the row of ``instance``."""
        text = self.to_text(value)
        if text is None:
            empty: str | None = value
            return empty
        sealed = base64.urlsafe_b64encode(_seal(text.encode(), self._context(instance))).decode()
        return Sealed(f"{_BOUND}{_key_id(settings.FIELD_KEY)}:{sealed}")

    def open(self, sealed: Sealed, instance: models.Model) -> Any:
        """Return what was sealed for the row of ``instance``; raises InvalidTag."""
        if not sealed.text.startswith(_BOUND):
            if self.row and settings.REFUSE_UNBOUND_VALUES:
                raise InvalidTag
            return self.from_text(decrypt(sealed.text))
        _mark, name, text = sealed.text.split(":", 2)
        known = (settings.FIELD_KEY, *settings.FIELD_KEYS_BEFORE)
        secrets = [secret for secret in known if _key_id(secret) == name]
        sealed_bytes = base64.urlsafe_b64decode(text)
        return self.from_text(_unseal(sealed_bytes, secrets, self._context(instance)).decode())

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = model_instance.__dict__.get(self.attname)
        if value is None:
            value = getattr(model_instance, self.attname)
        if isinstance(value, Sealed):
            if add:
                raise NotBound(f"{self.model._meta.label}.{self.name} is another row's")
            return value  # nobody has looked at it: written back as it was read
        if not self.row or hasattr(value, "resolve_expression"):
            return value
        return self.seal(value, model_instance)

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, Sealed):
            return value.text
        text = self.to_text(value)
        if text is None:
            return value
        if not self.row:  # as a migration of before knows it
            return encrypt(text)
        raise NotBound(
            f"{self.model._meta.label}.{self.name} is bound to its row: write it by save(), "
            "bulk_create() or update_rows(), not by update() or bulk_update()"
        )

    def from_db_value(self, value: str | None, *_: object) -> Any:
        return Sealed(value) if value else value

    def to_python(self, value: Any) -> Any:
        return value


class EncryptedTextField(_BoundField, _SealedText):
    """Text that the database sees only encrypted; it can't be searched. ``row`` as above."""

    __doc__ = f"{__doc__}\n\n{_BoundField.__doc__}"

    # What the type checker's Django plugin reads.
    _pyi_private_set_type: str
    _pyi_private_get_type: str

    def to_text(self, value: Any) -> str | None:
        return str(value) if value else None

    def from_text(self, text: str) -> Any:
        return text


class EncryptedJSONField(_BoundField, _SealedJSON):
    """JSON that the database sees only encrypted; it can't be searched. ``row`` as above."""

    __doc__ = f"{__doc__}\n\n{_BoundField.__doc__}"

    # What the type checker's Django plugin reads: any JSON value may be set.
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def to_text(self, value: Any) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)

    def from_text(self, text: str) -> Any:
        return json.loads(text)


def encrypted_fields(model: type[models.Model]) -> list[Any]:
    """Return the encrypted columns of a model."""
    return [one for one in model._meta.concrete_fields if isinstance(one, _BoundField)]
