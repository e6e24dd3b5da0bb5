"""The audit list: who sees which acts, and how they are found."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from portal.audit import checkpoints
from portal.audit.models import AuditEntry
from portal.audit.services import Act, record_many
from portal.core.roles import Role
from tests import builders
from tests.audit.builders import NOW, Actor, act, chain

pytestmark = pytest.mark.django_db


def write(*acts: Act, now: datetime = NOW) -> list[AuditEntry]:
    with transaction.atomic():
        return record_many(acts, actor=Actor(), now=now)


def page(user: User, **params: str) -> str:
    client = Client()
    client.force_login(user)
    response = client.get(reverse("audit:list"), params)
    assert response.status_code == 200
    return response.content.decode()


def shown(user: User, **params: str) -> list[int]:
    client = Client()
    client.force_login(user)
    return [entry.sequence for entry in client.get(reverse("audit:list"), params).context["page"]]


def auditor_of_a_province() -> tuple[User, list[UUID]]:
    """An auditor, and the bodies in the tree: the province, a commune, a room of the commune."""
    province = builders.agency("UBND TỈNH THỬ", kind="province")
    commune = builders.agency(parent=province)
    room = builders.agency("PHÒNG THỬ", parent=commune, has_seal=False)
    auditor = builders.user(Role.AUDITOR, agency=province)
    return auditor, [province.uuid, commune.uuid, room.uuid]


def test_an_auditor_sees_the_acts_of_the_own_tree_alone() -> None:
    auditor, bodies = auditor_of_a_province()
    elsewhere = builders.agency().uuid
    entries = write(*[act(agency=body) for body in (*bodies, elsewhere, None)])

    assert shown(auditor) == [entry.sequence for entry in entries[:3]][::-1]


def test_an_administrator_sees_the_administration_and_no_dossiers() -> None:
    write(act(), act("user.create", target_type="user"), act("crl.publish", target_type="crl"))

    assert shown(builders.user(Role.ADMINISTRATOR)) == [3, 2]


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.AUDITOR, Role.ADMINISTRATOR}))
def test_nobody_else_sees_the_audit(role: Role) -> None:
    client = Client()
    client.force_login(builders.user(role))

    assert client.get(reverse("audit:list")).status_code == 403


def test_the_list_narrows_by_act_thing_body_and_day() -> None:
    auditor, (province, commune, _room) = auditor_of_a_province()
    early = datetime(2026, 11, 17, 17, 0, tzinfo=UTC)  # midnight before the 18th in Hà Nội
    late = datetime(2026, 11, 19, 16, 59, 59, tzinfo=UTC)
    write(act("dossier.create", agency=commune), now=early)
    write(act("device.send", target_type="device", agency=province), now=late)
    (third,) = write(act("dossier.sign", agency=commune))

    assert shown(auditor, action="dossier.sign") == [3]
    assert shown(auditor, target_type="device") == [2]
    assert shown(auditor, agency=str(commune)) == [3, 1]
    assert shown(auditor, target=str(third.target_uuid)) == [3]
    assert shown(auditor, from_day="18/11/2026", to_day="19/11/2026") == [2, 1]
    assert shown(auditor, from_day="19/11/2026") == [3, 2]
    assert shown(auditor, to_day="17/11/2026") == []


def test_a_condition_that_makes_no_sense_is_said_and_shows_nothing() -> None:
    auditor, (province, *_) = auditor_of_a_province()
    write(act(agency=province))

    text = page(auditor, from_day="31/02/2026")

    assert "from_day" in text
    assert "is-invalid" in text or "error" in text


def test_pages_go_by_key_and_cost_the_same(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    auditor, (province, *_) = auditor_of_a_province()
    write(*[act(agency=province) for _ in range(120)])
    client = Client()
    client.force_login(auditor)
    address = reverse("audit:list")

    seen = []
    while True:
        with django_assert_max_num_queries(12):
            response = client.get(address)
        seen += [entry.sequence for entry in response.context["page"]]
        following = response.context["page"].next_params
        if following is None:
            break
        address = f"{reverse('audit:list')}?{following}"

    assert seen == list(range(120, 0, -1))


def test_an_act_is_shown_in_words_with_its_body_and_detail() -> None:
    auditor, (province, *_) = auditor_of_a_province()
    write(act("dossier.forward", agency=province, data={"document": "<b>1/UBND</b>"}))

    text = page(auditor)

    assert "Chuyển Cục Chứng thực số" in text
    assert "UBND TỈNH THỬ" in text
    assert "Lò Thị Ghi" in text
    assert "&lt;b&gt;1/UBND&lt;/b&gt;" in text


def test_a_fragment_is_the_list_alone() -> None:
    auditor, _bodies = auditor_of_a_province()
    client = Client()
    client.force_login(auditor)

    response = client.get(reverse("audit:list"), headers={"HX-Request": "true"})

    assert "<html" not in response.content.decode()


def test_the_page_says_how_far_the_chain_is_attested(tmp_path: object) -> None:
    auditor, _bodies = auditor_of_a_province()
    assert "Chưa có điểm kiểm nào" in page(auditor)

    chain(3, attest=2)
    assert "xác nhận đến việc số 2" in page(auditor)

    checkpoints.write(200, "a" * 64, now=NOW)
    (path,) = checkpoints._folder().glob("*.jsonl")
    path.write_text("nonsense\n")
    assert "Không đọc được các điểm kiểm" in page(auditor)
