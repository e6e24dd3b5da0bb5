"""Proceedings bodies and the police ask at the CA's desk: one records, another decides (R22)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from devices.models import Device
from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.ca.models import Certificate, Keeper, RevocationReason, Trust
from portal.core.rules import Refused
from portal.core.web.waiting import waiting_for
from portal.deadlines.models import Deadline, DeadlineKind
from portal.notices.models import Notice
from portal.search.finders import search
from requests_app.models import ProceedingsItem, ProceedingsNotice, ProceedingsRequest
from requests_app.proceedings import papers, services
from requests_app.proceedings.services import ProceedingsFacts
from tests import builders, story
from tests.builders import NOW
from tests.requests_app import revocations

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
State, Finding = ProceedingsRequest.State, ProceedingsItem.Finding
FACTS = ProceedingsFacts(
    asker_kind=ProceedingsRequest.Asker.INVESTIGATION,
    asker="Cơ quan Cảnh sát điều tra Công an tỉnh Thử",
    letter_number="15/CQĐT",
    letter_date=date(2026, 11, 18),
    received_on=date(2026, 11, 19),
    basis="Quyết định khởi tố vụ án",
    named="Lò Văn Thử",
)


@dataclass(frozen=True, slots=True)
class Desk:
    people: story.Cast
    certificate: Certificate

    @property
    def operator(self) -> User:
        return self.people.operator

    @property
    def supervisor(self) -> User:
        return self.people.supervisor


@pytest.fixture
def desk() -> Desk:
    people = revocations.cast()
    holder = builders.person(at=people.agency)
    key = builders.key()
    builders.in_hands_of(holder, key, now=NOW)
    return Desk(people, builders.certificate(subscriber=holder, key_pair=key))


def scan() -> SimpleUploadedFile:
    return SimpleUploadedFile("yeu-cau.pdf", story.blank_pdf(), content_type="application/pdf")


def recorded(desk: Desk, *serials: str, **about: Any) -> ProceedingsRequest:
    facts = replace(FACTS, **{k: v for k, v in about.items() if k != "keeps_findings"})
    return services.record(
        facts,
        serials or [desk.certificate.serial],
        scan(),
        keeps_findings=about.get("keeps_findings", False),
        actor=desk.operator,
        now=NOW,
    )


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [one.code for one in refused.value.violations]


def accepted(request: ProceedingsRequest, desk: Desk) -> ProceedingsRequest:
    services.accept(request, actor=desk.supervisor, now=LATER)
    assert papers.answer_waiting(now=LATER) == 1
    request.refresh_from_db()
    return request


def test_one_records_another_revokes_and_the_body_is_told(desk: Desk) -> None:
    request = recorded(desk)
    clock = Deadline.objects.get(target_uuid=request.uuid)
    assert (clock.kind, clock.received_on) == (DeadlineKind.CA_REVOKE, FACTS.received_on)
    assert clock.due_on == date(2026, 11, 25)  # 3 working days, the 24th is off
    assert [one.count for one in waiting_for(desk.supervisor) if "to-tung" in one.path] == [1]

    accepted(request, desk)

    certificate = Certificate.objects.get(pk=desk.certificate.pk)
    clock.refresh_from_db()
    assert (certificate.revoked_at, clock.done_at) == (LATER, LATER)
    assert certificate.revocation_reason == RevocationReason.UNSPECIFIED
    assert (request.state, request.answer is not None) == (State.ACCEPTED, True)
    notice = ProceedingsNotice.objects.get()
    told = Notice.objects.filter(target_uuid=notice.uuid).values_list("recipient", flat=True)
    body, office = desk.people.agency, desk.people.agency.office
    assert set(told) == set(
        User.objects.filter(agency__in=[body, office]).values_list("pk", flat=True)
    )
    assert not [one for one in waiting_for(desk.supervisor) if "to-tung" in one.path]
    acts = AuditEntry.objects.filter(target_uuid=request.uuid).order_by("pk")
    wanted = ["proceedings.record", "proceedings.accept", "proceedings.deliver"]
    assert list(acts.values_list("action", flat=True)) == wanted
    assert papers.answer_waiting(now=LATER) == 0


def test_the_devices_way_back_begins_with_the_notice(desk: Desk) -> None:
    request = recorded(desk)
    services.accept(request, actor=desk.supervisor, now=LATER)
    returns = Deadline.objects.filter(kind=DeadlineKind.DEVICE_RETURN)
    assert not returns.exists()

    papers.answer_waiting(now=LATER)

    device = Device.objects.get(key=desk.certificate.key)
    assert [one.target_uuid for one in returns] == [device.uuid]


def test_what_came_on_the_key_later_falls_too(desk: Desk) -> None:
    successor = revocations.successor_of(desk.certificate)

    request = accepted(recorded(desk), desk)

    found = Certificate.objects.filter(revoked_at=request.decided_at)
    assert set(found) == {desk.certificate, successor}


def test_each_serial_that_cannot_be_revoked_is_told_by_its_reason(desk: Desk) -> None:
    revoked, outside, ended = (
        builders.certificate(subscriber=builders.person(at=desk.people.agency)) for _ in range(3)
    )
    Certificate.objects.filter(pk=revoked.pk).update(
        revoked_at=NOW, revocation_reason=RevocationReason.CESSATION, crl_entry=b"made up"
    )
    Certificate.objects.filter(pk=outside.pk).update(
        keeper=Keeper.OUTSIDE, trust=Trust.VERIFIED, issuer_name="CA khác"
    )
    Certificate.objects.filter(pk=ended.pk).update(not_after=NOW)
    recorded(desk, letter_number="14/CQĐT")
    serials = [
        "DEADBEEF00000000", revoked.serial, outside.serial, ended.serial, desk.certificate.serial,
    ]  # fmt: skip

    with pytest.raises(Refused) as refused:
        recorded(desk, *serials)

    wanted = [Finding.UNKNOWN, Finding.REVOKED, Finding.KEPT_ELSEWHERE, Finding.EXPIRED]
    assert codes(refused) == [*wanted, Finding.ASKED]
    assert "CA khác" in refused.value.violations[2].message
    assert not ProceedingsRequest.objects.filter(letter_number=FACTS.letter_number).exists()
    kept = accepted(recorded(desk, *serials, keeps_findings=True), desk)
    assert list(kept.items.values_list("finding", "is_revoked")) == [
        *((one, False) for one in wanted), ("", True),
    ]  # fmt: skip
    outside.refresh_from_db()
    assert outside.revoked_at is None


def test_with_nothing_left_to_revoke_it_can_only_be_refused(desk: Desk) -> None:
    request = recorded(desk, "DEADBEEF00000000", keeps_findings=True)

    with pytest.raises(Refused) as refused:
        services.accept(request, actor=desk.supervisor, now=LATER)

    assert codes(refused) == ["nothing_to_revoke"]
    request.refresh_from_db()
    assert request.state == State.WAITING


def test_a_refusal_says_why_and_revokes_nothing(desk: Desk) -> None:
    request = recorded(desk)
    with pytest.raises(Refused) as refused:
        services.refuse_request(request, " ", actor=desk.supervisor, now=LATER)
    assert codes(refused) == ["no_reason"]

    services.refuse_request(request, "Sai thẩm quyền", actor=desk.supervisor, now=LATER)
    papers.answer_waiting(now=LATER)

    request.refresh_from_db()
    assert (request.state, request.reason) == (State.REFUSED, "Sai thẩm quyền")
    assert request.answer is not None
    assert not ProceedingsNotice.objects.exists()
    assert not Certificate.objects.revoked().exists()


def test_a_slip_is_taken_back_and_the_letter_recorded_anew(desk: Desk) -> None:
    request = recorded(desk)
    with pytest.raises(Refused) as refused:
        recorded(desk, asker=FACTS.asker.upper())
    assert codes(refused)[0] == "recorded_already"

    services.withdraw(request, "Ghi nhầm số", actor=desk.operator, now=LATER)

    clock = Deadline.objects.get(target_uuid=request.uuid)
    assert clock.cancelled_at == LATER
    assert recorded(desk).state == State.WAITING
    assert papers.answer_waiting(now=LATER) == 0


def test_the_database_keeps_one_record_of_a_letter_and_two_people(desk: Desk) -> None:
    request = recorded(desk)
    values = {f.attname: getattr(request, f.attname) for f in request._meta.concrete_fields}
    again = {k: v for k, v in values.items() if k not in ("id", "uuid")}
    with pytest.raises(IntegrityError), transaction.atomic():
        ProceedingsRequest.objects.create(**again)
    with pytest.raises(IntegrityError), transaction.atomic():
        ProceedingsRequest.objects.filter(pk=request.pk).update(
            state=State.ACCEPTED, decided_by=desk.operator, decided_at=NOW
        )


def test_who_recorded_it_does_not_decide_whatever_the_account(desk: Desk) -> None:
    human = builders.person("Hai Tài Khoản", at=desk.operator.agency)
    User.objects.filter(pk__in=[desk.operator.pk, desk.supervisor.pk]).update(person=human)
    request = recorded(desk)
    supervisor = User.objects.get(pk=desk.supervisor.pk)

    with pytest.raises(Refused) as refused:
        services.accept(request, actor=supervisor, now=LATER)

    assert codes(refused) == ["same_person"]
    with pytest.raises(PermissionDenied):
        services.accept(request, actor=desk.operator, now=LATER)
    assert not services.may_decide(ProceedingsRequest.objects.get(), supervisor)


def test_what_was_decided_is_decided_once(desk: Desk) -> None:
    request = recorded(desk)
    services.accept(request, actor=desk.supervisor, now=LATER)

    for again in (services.accept, services.refuse_request, services.withdraw):
        more = {} if again is services.accept else {"reason": "Lý do"}
        actor = desk.operator if again is services.withdraw else desk.supervisor
        with pytest.raises(Refused) as refused:
            again(request, actor=actor, now=LATER, **more)
        assert codes(refused) == ["request_decided"]


def test_a_letter_that_names_nobody_by_serial_is_helped_by_the_name(desk: Desk) -> None:
    with pytest.raises(Refused) as refused:
        recorded(desk, " ")
    (found,) = refused.value.violations
    assert found.code == "no_serials"
    assert desk.certificate.serial in found.way_out

    with pytest.raises(Refused) as refused:
        recorded(desk, " ", named="Không Ai Cả")
    assert desk.certificate.serial not in refused.value.violations[0].way_out


@pytest.mark.parametrize(
    ("about", "code"),
    [
        ({"received_on": date(2026, 11, 21)}, "received_in_future"),
        ({"letter_date": date(2026, 11, 20)}, "letter_after_receipt"),
    ],
)
def test_days_that_cannot_be_are_refused(desk: Desk, about: dict[str, date], code: str) -> None:
    with pytest.raises(Refused) as refused:
        recorded(desk, **about)
    assert codes(refused) == [code]


def post(user: User, route: str, *args: object, **data: Any) -> Any:
    client = Client()
    client.force_login(user)
    return client.post(reverse(route, args=args), data)


def test_the_form_keeps_what_was_typed_and_refuses_a_program(desk: Desk) -> None:
    program = SimpleUploadedFile("a.pdf", b"MZ program", content_type="application/pdf")
    typed = {
        "asker_kind": FACTS.asker_kind,
        "asker": FACTS.asker,
        "letter_number": "15/CQĐT",
        "letter_date": "18/11/2026",
        "received_on": "19/11/2026",
        "basis": FACTS.basis,
        "named": FACTS.named,
        "serials": f"{desk.certificate.serial[:8]} {desk.certificate.serial[8:]}",
    }

    with time_machine.travel(NOW, tick=False):
        page = post(desk.operator, "proceedings:record", **typed, scan=program)
        assert 'data-code="upload_type_unknown"' in page.content.decode()
        assert FACTS.basis in page.content.decode()
        answer = post(desk.operator, "proceedings:record", **typed, scan=scan())

    assert answer.status_code == 302
    assert ProceedingsItem.objects.get().certificate == desk.certificate


def test_a_refusal_without_a_reason_shows_the_page_again(desk: Desk) -> None:
    page = post(desk.supervisor, "proceedings:decide", recorded(desk).uuid, do="refuse")
    assert 'data-code="no_reason"' in page.content.decode()


def test_the_list_is_narrowed_searched_and_exported(
    desk: Desk, django_assert_max_num_queries: Any
) -> None:
    first = recorded(desk)
    recorded(desk, letter_number="99/TA", asker="Tòa án Khác", named="Ai", keeps_findings=True)
    client = Client()
    client.force_login(desk.supervisor)
    path = reverse("proceedings:list")
    for typed, count in [
        ("cảnh sát", 1), (desk.certificate.serial, 2), ("99/t", 1), ("Lò Văn", 1), ("xyz", 0),
    ]:  # fmt: skip
        assert client.get(path, {"q": typed}).context["count"] == count, typed
    with django_assert_max_num_queries(11):
        client.get(path)
    assert client.get(path, {"export": "xlsx"}).status_code == 200
    assert AuditEntry.objects.filter(action="register.export").exists()
    hits = [hit.url for group in search(desk.operator, "15/CQĐT", most=5) for hit in group.hits]
    assert reverse("proceedings:request", args=[first.uuid]) in hits
    assert not search(desk.people.clerk, "15/CQĐT", most=5)


def test_reading_the_letter_leaves_a_mark(desk: Desk) -> None:
    request = recorded(desk)
    client = Client()
    client.force_login(desk.operator)

    assert client.get(reverse("proceedings:letter", args=[request.uuid])).status_code == 200
    assert AuditEntry.objects.filter(action="proceedings.read_letter").count() == 1
    assert client.get(reverse("proceedings:answer", args=[request.uuid])).status_code == 404
