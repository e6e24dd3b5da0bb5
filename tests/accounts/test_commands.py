"""The first two administrators, and a lost password of theirs."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from portal.accounts import sign_in
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from tests.builders import NOW

pytestmark = pytest.mark.django_db
FIRST_PASSWORD = "núi cao sông dài 2026"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for number in (1, 2):
        monkeypatch.setenv(f"ADMIN{number}_USERNAME", f"quantri.{number}")
        monkeypatch.setenv(f"ADMIN{number}_FULL_NAME", f"Nguyễn Văn {'AB'[number - 1]}")
        monkeypatch.setenv(f"ADMIN{number}_IDENTITY_NUMBER", f"01209000000{number}")
        monkeypatch.setenv(f"ADMIN{number}_EMAIL", f"quantri{number}@ca.gov.vn")
        monkeypatch.setenv(f"ADMIN{number}_PASSWORD", FIRST_PASSWORD)
    return monkeypatch


def _run(command: str, *words: str, **options: object) -> str:
    out = StringIO()
    call_command(command, *words, stdout=out, **options)
    return out.getvalue()


def test_two_administrators_are_made_from_the_environment(told: pytest.MonkeyPatch) -> None:
    _run("create_administrators", no_input=True)

    one, other = User.objects.all()
    assert {one.role, other.role} == {Role.ADMINISTRATOR}
    assert not one.is_same_person_as(other)
    assert one.must_change_password
    assert one.agency == Agency.objects.get()
    assert (
        sign_in.check("quantri.1", FIRST_PASSWORD, place=sign_in.Place("192.0.2.1"), now=NOW) == one
    )
    assert AuditEntry.objects.filter(action="user.create_administrator").count() == 2


def test_a_second_run_makes_no_third(told: pytest.MonkeyPatch) -> None:
    _run("create_administrators", no_input=True)

    _run("create_administrators", no_input=True)

    assert User.objects.count() == 2


def test_two_accounts_of_one_person_are_not_two_administrators(told: pytest.MonkeyPatch) -> None:
    told.setenv("ADMIN2_IDENTITY_NUMBER", "012090000001")
    told.setenv("ADMIN2_FULL_NAME", "Nguyễn Văn A")

    with pytest.raises(CommandError):
        _run("create_administrators", no_input=True)

    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("name", "value"), [("PASSWORD", "ngắn"), ("IDENTITY_NUMBER", "12"), ("USERNAME", "")]
)
def test_what_is_missing_or_unfit_stops_the_command(
    told: pytest.MonkeyPatch, name: str, value: str
) -> None:
    told.setenv(f"ADMIN2_{name}", value)

    with pytest.raises(CommandError):
        _run("create_administrators", no_input=True)

    assert not User.objects.exists()


def test_a_lost_password_is_replaced_at_the_console(told: pytest.MonkeyPatch) -> None:
    _run("create_administrators", no_input=True)

    password = _run("reset_administrator", "quantri.1").strip()

    user = sign_in.check("quantri.1", password, place=sign_in.Place("192.0.2.1"), now=NOW)
    assert user.must_change_password
    with pytest.raises(CommandError):
        _run("reset_administrator", "vanthu")
