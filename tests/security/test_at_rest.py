"""What a thief of the disk or of the database gets, and what somebody who writes to it can do."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from django.core.checks import run_checks
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection, models, transaction
from django.test.utils import isolate_apps
from pytest_django import Settings

from portal.agencies.models import Subscriber
from portal.core.database.bulk import update_rows
from portal.core.database.fields import EncryptedTextField, NotBound, Sealed, encrypt
from portal.core.sealed_files import PIECE, Altered, LiesOpen
from tests import builders

NUMBER = "012090000123"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def a_folder_of_its_own(settings: Settings, tmp_path: Path) -> None:
    kept = settings.STORAGES
    options = {"location": str(tmp_path), "base_url": None}
    settings.STORAGES = {**kept, "default": {**kept["default"], "OPTIONS": options}}


def stored_as(one: Subscriber) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT identity_number FROM agencies_subscriber WHERE id = %s", [one.pk])
        return str(cursor.fetchone()[0])


def store_as(one: Subscriber, value: str) -> None:
    with connection.cursor() as cursor:
        changes = "UPDATE agencies_subscriber SET identity_number = %s WHERE id = %s"
        cursor.execute(changes, [value, one.pk])


def person(number: str = NUMBER) -> Subscriber:
    return builders.person(at=builders.agency(office=builders.office()), number=number)


def again(one: Subscriber) -> Subscriber:
    return Subscriber.objects.get(pk=one.pk)


def refresh(settings: Settings) -> str:
    """Give the portal new keys, as an administrator does; return what the command says."""
    settings.FIELD_KEYS_BEFORE = [settings.FIELD_KEY]
    settings.FIELD_KEY = "a new key of the fields"
    settings.FILE_KEYS_BEFORE = [settings.FILE_KEY]
    settings.FILE_KEY = "a new key of the files"
    return told()


def told() -> str:
    out = io.StringIO()
    call_command("encrypt_again", stdout=out)
    return out.getvalue()


def test_a_value_of_another_row_is_not_read() -> None:
    one, other = person(), person("012090000124")

    store_as(other, stored_as(one))

    with pytest.raises(InvalidTag):
        again(other).identity_number  # noqa: B018
    assert again(one).identity_number == NUMBER


def test_a_value_that_came_before_rows_were_bound_is_read_and_bound_by_the_command(
    settings: Settings,
) -> None:
    one, other = person(), person("012090000124")
    store_as(one, encrypt(NUMBER))
    assert again(one).identity_number == NUMBER

    assert "1 dòng" in told()

    settings.REFUSE_UNBOUND_VALUES = True
    assert again(one).identity_number == NUMBER
    store_as(other, stored_as(one))
    with pytest.raises(InvalidTag):
        again(other).identity_number  # noqa: B018
    store_as(other, encrypt(NUMBER))
    with pytest.raises(InvalidTag):
        again(other).identity_number  # noqa: B018


def test_keys_change_and_everything_stays_readable(settings: Settings) -> None:
    one = person()
    path = default_storage.save("documents/aa/one", ContentFile(b"a letter with a number"))

    refresh(settings)
    settings.FIELD_KEYS_BEFORE, settings.FILE_KEYS_BEFORE = [], []

    found = again(one)
    assert found.identity_number == NUMBER
    assert Subscriber.objects.get(identity_hash=found.identity_hash) == one
    with default_storage.open(path) as file:
        assert file.read() == b"a letter with a number"
    assert "0 tệp, 0 dòng" in told()


def test_what_no_key_opens_is_named_and_left(settings: Settings) -> None:
    one = person()
    path = Path(default_storage.path(default_storage.save("documents/bb/one", ContentFile(b"x"))))
    before = stored_as(one), path.read_bytes()
    settings.FIELD_KEY = settings.FILE_KEY = "keys that were lost"

    with pytest.raises(CommandError):
        told()

    assert (stored_as(one), path.read_bytes()) == before


def test_a_value_is_not_written_where_its_row_is_not_known() -> None:
    one = person()

    with pytest.raises(NotBound), transaction.atomic():
        Subscriber.objects.filter(pk=one.pk).update(identity_number="012090000199")
    one.identity_number = "012090000199"
    with pytest.raises(NotBound), transaction.atomic():
        Subscriber.objects.bulk_update([one], ["identity_number"])
    update_rows([one], ["identity_number"])

    assert again(one).identity_number == "012090000199"
    assert isinstance(Subscriber.objects.values_list("identity_number", flat=True)[0], Sealed)


def test_a_deferred_value_takes_one_query(django_assert_num_queries: object) -> None:
    found = Subscriber.objects.defer("identity_number").get(pk=person().pk)

    with django_assert_num_queries(1):  # type: ignore[operator]
        assert found.identity_number == NUMBER


@isolate_apps("portal.core")
@pytest.mark.parametrize(
    ("row", "code"), [((), "portal.E010"), (("id",), "portal.E011"), (("name",), "portal.E012")]
)
def test_an_encrypted_column_names_what_its_row_is_known_by(
    row: tuple[str, ...], code: str
) -> None:
    class Card(models.Model):
        name = models.CharField(max_length=9)
        number = EncryptedTextField(row=row)

        class Meta:
            app_label = "core"

        def __str__(self) -> str:
            return self.name

    assert [one.id for one in Card.check() if str(one.id).startswith("portal.")] == [code]


def test_every_encrypted_column_of_the_portal_does() -> None:
    assert not [one for one in run_checks() if str(one.id).startswith("portal.E01")]


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_a_file_lies_sealed_and_is_read_from_anywhere(size: int) -> None:
    plain = (b"0120900001" * (size // 10 + 1))[:size]
    name = default_storage.save(f"documents/cc/{size}", ContentFile(plain))

    raw = Path(default_storage.path(name)).read_bytes()
    assert b"012090" not in raw
    assert len(raw) > size
    assert default_storage.size(name) == size
    with default_storage.open(name) as file:
        assert b"".join(file.chunks()) == plain
        file.seek(size // 2)
        assert file.read(7) == plain[size // 2 :][:7]


def test_equal_files_do_not_look_alike() -> None:
    one, other = (default_storage.save("documents/dd/x", ContentFile(b"same")) for _ in "ab")

    raw = [Path(default_storage.path(name)).read_bytes() for name in (one, other)]
    assert raw[0][28:] != raw[1][28:]


def cut(raw: bytes) -> bytes:
    return raw[: 28 + PIECE + 16]


def swapped(raw: bytes) -> bytes:
    first, second = raw[28 : 28 + PIECE + 16], raw[28 + PIECE + 16 : 28 + 2 * (PIECE + 16)]
    return raw[:28] + second + first + raw[28 + 2 * (PIECE + 16) :]


def changed(raw: bytes) -> bytes:
    return raw[:-40] + bytes([raw[-40] ^ 1]) + raw[-39:]


def of_another_key(raw: bytes) -> bytes:
    return raw[:4] + bytes(8) + raw[12:]


@pytest.mark.parametrize("change", [cut, swapped, changed, of_another_key])
def test_a_file_that_was_tampered_with_is_not_read(change: object) -> None:
    name = default_storage.save("documents/ee/x", ContentFile(b"y" * (3 * PIECE)))
    path = Path(default_storage.path(name))
    path.write_bytes(change(path.read_bytes()))  # type: ignore[operator]

    with pytest.raises(Altered), default_storage.open(name) as file:
        file.read()


def test_a_file_that_lies_open_is_sealed_and_then_no_other_is_read(settings: Settings) -> None:
    name = default_storage.save("documents/ff/x", ContentFile(b""))
    path = Path(default_storage.path(name))
    path.write_bytes(b"%PDF of before")
    with default_storage.open(name) as file:
        assert file.read() == b"%PDF of before"

    assert "1 tệp" in told()

    assert b"PDF" not in path.read_bytes()
    settings.REFUSE_OPEN_FILES = True
    with default_storage.open(name) as file:
        assert file.read() == b"%PDF of before"
    path.write_bytes(b"%PDF put there by somebody")
    with pytest.raises(LiesOpen):
        default_storage.open(name)
