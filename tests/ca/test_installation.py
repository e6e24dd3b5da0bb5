"""A new certificate is confirmed on its device; the old one ends then, or a week after issue."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit.models import AuditEntry
from portal.ca.authority import ceremony
from portal.ca.models import Certificate, RevocationReason
from portal.ca.register import installation, services
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.notices.models import Notice
from tests.ca import builders

WEEK = timedelta(days=7)


@pytest.fixture
def clock(db: None, signing: None) -> datetime:
    clock = timezone.now()
    ceremony.set_up(now=clock)
    return clock


@pytest.fixture
def body(clock: datetime) -> Agency:
    return builders.agency("UBND xã Tân Uyên", office=builders.agency("Sở KH&CN Lai Châu"))


@pytest.fixture
def clerk(body: Agency) -> User:
    return builders.user(Role.CLERK, agency=body)


def changed(body: Agency, *, now: datetime) -> tuple[Certificate, Certificate]:
    """A certificate and the one it was changed to, on one key."""
    key = builders.key(now=now)
    old = builders.certificate(now=now, agency=body, key=key)
    return old, builders.certificate(now=now, agency=body, key=key, predecessor=old)


def confirm(new: Certificate, clerk: User, *, now: datetime) -> Certificate:
    return installation.confirm_installed(new, actor=clerk, now=now)


def test_confirming_ends_the_old_one_as_superseded(
    body: Agency, clerk: User, clock: datetime
) -> None:
    old, new = changed(body, now=clock)

    confirm(new, clerk, now=clock)

    old.refresh_from_db()
    new.refresh_from_db()
    assert new.installed_at == clock
    assert (old.revoked_at, old.revocation_reason) == (clock, RevocationReason.SUPERSEDED)
    assert new.revoked_at is None
    entry = AuditEntry.objects.latest("sequence")
    assert entry.action == "certificate.confirm_installed"
    assert entry.data == {"serial": new.serial, "superseded": old.serial}


def test_what_was_replaced_twice_ends_with_the_last_one_on_its_device(
    body: Agency, clerk: User, clock: datetime
) -> None:
    first, second = changed(body, now=clock)
    third = builders.certificate(now=clock, agency=body, key=first.key, predecessor=second)

    confirm(third, clerk, now=clock)

    assert Certificate.objects.usable_at(clock).get() == third
    superseded = Certificate.objects.filter(revocation_reason=RevocationReason.SUPERSEDED)
    assert set(superseded) == {first, second}


def test_confirming_one_leaves_what_came_after_it(
    body: Agency, clerk: User, clock: datetime
) -> None:
    first, second = changed(body, now=clock)
    third = builders.certificate(now=clock, agency=body, key=first.key, predecessor=second)

    confirm(second, clerk, now=clock)

    assert list(Certificate.objects.revoked()) == [first]
    assert Certificate.objects.usable_at(clock).get() == second
    third.refresh_from_db()
    assert third.is_valid(clock)


def test_confirming_again_changes_nothing(body: Agency, clerk: User, clock: datetime) -> None:
    _old, new = changed(body, now=clock)
    confirm(new, clerk, now=clock)
    entries = AuditEntry.objects.count()

    confirm(new, clerk, now=clock + timedelta(hours=1))

    new.refresh_from_db()
    assert new.installed_at == clock
    assert AuditEntry.objects.count() == entries


def test_what_was_issued_anew_has_nothing_to_confirm(
    body: Agency, clerk: User, clock: datetime
) -> None:
    certificate = builders.certificate(now=clock, agency=body)

    with pytest.raises(Refused) as refusal:
        confirm(certificate, clerk, now=clock)

    assert [one.code for one in refusal.value.violations] == ["nothing_to_install"]


def test_what_is_no_longer_valid_is_not_confirmed(
    body: Agency, clerk: User, clock: datetime
) -> None:
    old, new = changed(body, now=clock)
    services.revoke(new, RevocationReason.KEY_COMPROMISE, actor=None, now=clock)

    with pytest.raises(Refused) as refusal:
        confirm(new, clerk, now=clock)

    old.refresh_from_db()
    assert [one.code for one in refusal.value.violations] == ["not_valid"]
    assert old.revoked_at is None


def test_only_the_bodys_own_clerk_confirms(body: Agency, clock: datetime) -> None:
    _old, new = changed(body, now=clock)
    stranger = builders.user(Role.CLERK, agency=builders.agency("UBND xã khác"))

    with pytest.raises(Certificate.DoesNotExist):
        confirm(new, stranger, now=clock)
    for role in (Role.HEAD, Role.CA_OPERATOR):
        with pytest.raises(PermissionDenied):
            confirm(new, builders.user(role, agency=body), now=clock)
    new.refresh_from_db()
    assert new.installed_at is None


@pytest.mark.parametrize(
    ("after", "expected"), [(WEEK - timedelta(seconds=1), 0), (WEEK, 1), (30 * WEEK, 1)]
)
def test_a_week_after_issue_the_old_one_ends_unasked(
    body: Agency, clock: datetime, after: timedelta, expected: int
) -> None:
    old, new = changed(body, now=clock)

    assert installation.revoke_superseded(now=clock + after) == expected

    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.revocation_reason == RevocationReason.SUPERSEDED) is bool(expected)
    assert new.installed_at is None


def test_the_clerks_are_told_once_for_a_body(body: Agency, clerk: User, clock: datetime) -> None:
    changed(body, now=clock)
    changed(body, now=clock)

    installation.revoke_superseded(now=clock + WEEK)
    installation.revoke_superseded(now=clock + WEEK)

    notice = Notice.objects.get(recipient=clerk)
    assert "2 chứng thư cũ" in notice.title
    assert notice.path.endswith("?state=to_install")


def test_what_was_confirmed_or_has_expired_or_was_revoked_is_left_alone(
    body: Agency, clerk: User, clock: datetime
) -> None:
    _old, confirmed = changed(body, now=clock)
    confirm(confirmed, clerk, now=clock)
    compromised, _new = changed(body, now=clock)
    services.revoke(compromised, RevocationReason.KEY_COMPROMISE, actor=None, now=clock)
    key = builders.key(now=clock)
    short = builders.certificate(now=clock, agency=body, key=key, valid_for=timedelta(days=3))
    builders.certificate(now=clock, agency=body, key=key, predecessor=short)

    assert installation.revoke_superseded(now=clock + WEEK) == 0

    compromised.refresh_from_db()
    assert compromised.revocation_reason == RevocationReason.KEY_COMPROMISE


@pytest.mark.django_db(transaction=True)
def test_confirming_and_the_sweep_at_once_end_it_once(signing: None) -> None:
    clock = timezone.now()
    ceremony.set_up(now=clock)
    body = builders.agency()
    clerk = builders.user(Role.CLERK, agency=body)
    old, new = changed(body, now=clock)
    ready = Barrier(3)

    def do(number: int) -> None:
        ready.wait()
        try:
            if number:
                installation.revoke_superseded(now=clock + WEEK)
            else:
                confirm(new, clerk, now=clock + WEEK)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(do, range(3)))

    old.refresh_from_db()
    new.refresh_from_db()
    assert old.revocation_reason == RevocationReason.SUPERSEDED
    assert new.installed_at is not None
    assert AuditEntry.objects.filter(action="certificate.revoke").count() == 1


def test_which_is_signed_with_while_the_new_one_is_on_its_way(
    body: Agency, clerk: User, clock: datetime
) -> None:
    old, new = changed(body, now=clock)

    def usable(now: datetime) -> list[Certificate]:
        return list(Certificate.objects.usable_at(now).order_by("pk"))

    assert usable(clock) == [old]
    confirm(new, clerk, now=clock)
    assert usable(clock) == [new]


def test_when_the_old_one_has_ended_the_new_one_is_signed_with_confirmed_or_not(
    body: Agency, clock: datetime
) -> None:
    _old, new = changed(body, now=clock)

    installation.revoke_superseded(now=clock + WEEK)

    assert list(Certificate.objects.usable_at(clock + WEEK)) == [new]


def _page(user: User, path: str) -> str:
    client = Client()
    client.force_login(user)
    return client.get(path).content.decode()


def test_the_page_gives_the_steps_and_asks_the_clerk_to_confirm(
    body: Agency, clerk: User, clock: datetime
) -> None:
    old, new = changed(body, now=clock)

    page = _page(clerk, f"/chung-thu/{new.uuid}/")

    assert "Cài chứng thư mới vào thiết bị cũ" in page
    assert "Cắm đúng thiết bị đang dùng" in page
    assert f"số hiệu chứng thư phải là {new.serial}" in page
    assert "Xác nhận đã cài đặt" in page
    head = builders.user(Role.HEAD, agency=body)
    assert "da-cai-dat" not in _page(head, f"/chung-thu/{new.uuid}/")
    assert "Đã có chứng thư mới thay thế" in _page(clerk, f"/chung-thu/{old.uuid}/")


def test_the_lists_say_what_waits_to_be_installed(
    body: Agency, clerk: User, clock: datetime
) -> None:
    old, new = changed(body, now=clock)
    other = builders.certificate(now=clock, agency=body)

    waiting = _page(clerk, "/chung-thu/?state=to_install")

    assert new.serial in waiting
    assert "Chờ cài vào thiết bị" in waiting
    assert old.serial not in waiting
    assert other.serial not in waiting


def test_pressing_the_button_confirms_and_says_so(
    body: Agency, clerk: User, clock: datetime
) -> None:
    old, new = changed(body, now=clock)
    client = Client()
    client.force_login(clerk)

    answer = client.post(f"/chung-thu/{new.uuid}/da-cai-dat/", follow=True)

    old.refresh_from_db()
    assert old.revoked_at is not None
    page = answer.content.decode()
    assert "Đã xác nhận cài đặt" in page
    assert "Cài chứng thư mới vào thiết bị cũ" not in page


def test_what_cannot_be_confirmed_is_told_in_words(
    body: Agency, clerk: User, clock: datetime
) -> None:
    certificate = builders.certificate(now=clock, agency=body)
    client = Client()
    client.force_login(clerk)

    answer = client.post(f"/chung-thu/{certificate.uuid}/da-cai-dat/", follow=True)

    assert "không phải xác nhận cài đặt" in answer.content.decode()
