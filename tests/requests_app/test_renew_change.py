"""Mẫu 04 through the services: what is refused, what one row makes, what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devices.lifecycle import Condition, Custody
from devices.models import Device
from portal.agencies import services as agencies
from portal.agencies.models import Affiliation, Agency, Subscriber
from portal.agencies.services import AgencyFacts
from portal.audit.models import AuditEntry
from portal.ca.models import Certificate, RevocationReason
from portal.ca.pki.names import subject_of
from portal.ca.register import services as ca
from portal.core.rules import Refused
from portal.notices.models import Mail, Notice
from requests_app.catalogue.mau_04_renew_change import rules as renew_change
from requests_app.catalogue.mau_04_renew_change.effect import validity_of
from requests_app.catalogue.mau_04_renew_change.prefill import row_of
from requests_app.execution import services as execution
from requests_app.kinds.row_rules import rows_of
from requests_app.models import DeliveredPaper, Dossier, Outcome, Procedure
from requests_app.rules.certificates import UNKNOWN
from requests_app.submission import checks
from requests_app.submission.checks import violations_before_signing
from requests_app.workflow import Action, Route, State
from tests import builders, story
from tests.builders import NOW, TODAY

pytestmark = pytest.mark.usefixtures("ca")

KIND = "mau_04_renew_change"
LEVELS = {"new_org1": "ỦY BAN NHÂN DÂN TỈNH LAI CHÂU", "new_org2": builders.COMMUNE}
NEW_EMAIL = "anh.moi@laichau.gov.vn"


@pytest.fixture
def people() -> story.Cast:
    return story.cast(procedure=Procedure.RENEW_CHANGE)


@pytest.fixture
def holder(people: story.Cast) -> Subscriber:
    person = builders.person("Lò Văn Ánh", at=people.agency)
    Affiliation.objects.create(
        subscriber=person,
        agency=people.agency,
        unit="Văn phòng",
        email="thu@laichau.gov.vn",
        valid_from=date(2025, 7, 1),
    )
    return person


def renewal(certificate: Certificate, **changes: str) -> Mapping[str, str]:
    return row_of(certificate, renews=True, changes=False) | changes


def change(certificate: Certificate, **changes: str) -> Mapping[str, str]:
    return row_of(certificate, renews=False, changes=True) | changes


def drafted(people: story.Cast, *rows: Mapping[str, str], now: datetime = NOW) -> Dossier:
    return story.draft_of(people, KIND, rows, now=now)


def done(people: story.Cast, *rows: Mapping[str, str]) -> Dossier:
    return story.carried_out(drafted(people, *rows), people)


def codes(people: story.Cast, *rows: Mapping[str, str], now: datetime = NOW) -> list[str]:
    """What stops a draft with these rows before it goes to the head."""
    found = violations_before_signing(drafted(people, *rows, now=now), now=now)
    return [violation.code for violation in found]


def key_of(certificate: Certificate) -> bytes:
    key = x509.load_der_x509_certificate(bytes(certificate.der)).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def successor(certificate: Certificate) -> Certificate:
    return Certificate.objects.get(predecessor=certificate)


# What is refused


@pytest.mark.parametrize(
    ("days_left", "renewing", "changing"),
    [(30, [], []), (29, ["too_late_to_renew"], ["too_late_to_change"])],
)
def test_30_days_must_be_left_on_the_day_of_receipt(
    people: story.Cast,
    holder: Subscriber,
    days_left: int,
    renewing: list[str],
    changing: list[str],
) -> None:
    certificate = story.give_certificate(holder, days_left=days_left)

    assert codes(people, renewal(certificate)) == renewing
    assert codes(people, change(certificate, new_email=NEW_EMAIL)) == changing


def test_a_slow_office_does_not_make_a_request_illegal_and_a_returned_one_is_judged_anew(
    people: story.Cast, holder: Subscriber
) -> None:
    certificate = story.give_certificate(holder, days_left=30)
    dossier = story.send_in_ink(drafted(people, renewal(certificate)), people)
    later = NOW + timedelta(days=3)

    assert checks.checks(dossier, reader=people.officer, now=later) == checks.checks(
        dossier, reader=people.officer, now=NOW
    )
    story.step(dossier, Action.RETURN, people.officer, reason="Thiếu chữ ký", now=later)
    found = violations_before_signing(dossier, now=later)
    assert [violation.code for violation in found] == ["too_late_to_renew"]


def test_who_decides_reads_the_rules_one_by_one(people: story.Cast, holder: Subscriber) -> None:
    certificate = story.give_certificate(holder, days_left=200)
    dossier = story.send_in_ink(drafted(people, renewal(certificate)), people)
    ca.revoke(certificate, RevocationReason.KEY_COMPROMISE, actor=None, now=NOW)

    lines = checks.checks(dossier, reader=people.officer, now=NOW)

    passed = {line.name for line in lines if line.status == "passed"}
    (failed,) = [line for line in lines if line.status == "failed"]
    assert "Gia hạn: còn ít nhất 30 ngày khi nhận" in passed
    assert "Chứng thư chưa bị thu hồi" not in passed
    assert (failed.name, failed.article) == ("Dòng 1", "Điều 21 Nghị định 68/2024/NĐ-CP")


def test_the_day_counts_again_when_the_letter_leaves(
    people: story.Cast, holder: Subscriber
) -> None:
    certificate = story.give_certificate(holder, days_left=30)
    dossier = drafted(people, renewal(certificate))
    story.step(dossier, Action.REQUEST_SIGNATURE, people.clerk)
    story.scan(dossier, people.clerk)
    story.step(dossier, Action.SIGN, people.head)

    with pytest.raises(Refused) as refusal:
        story.step(dossier, Action.SEAL, people.clerk, now=NOW + timedelta(days=1))

    assert [violation.code for violation in refusal.value.violations] == ["too_late_to_renew"]


def test_what_was_renewed_once_is_changed_but_not_renewed(
    people: story.Cast, holder: Subscriber
) -> None:
    certificate = story.give_certificate(holder, days_left=200, renewals=1)

    assert codes(people, renewal(certificate)) == ["renewed_already"]
    assert codes(people, change(certificate, new_email=NEW_EMAIL)) == []


def test_a_renewal_that_does_not_extend_is_refused(people: story.Cast, holder: Subscriber) -> None:
    last_useful = (date(2029, 11, 18) - TODAY).days

    assert codes(people, renewal(story.give_certificate(holder, days_left=last_useful))) == []
    too_long = story.give_certificate(holder, days_left=last_useful + 1)
    assert codes(people, renewal(too_long)) == ["does_not_extend"]


def test_what_was_revoked_or_has_expired_is_issued_anew(
    people: story.Cast, holder: Subscriber
) -> None:
    revoked = story.give_certificate(holder)
    ca.revoke(revoked, RevocationReason.KEY_COMPROMISE, actor=None, now=NOW)
    expired = story.give_certificate(holder, days_left=1)

    assert codes(people, renewal(revoked)) == ["revoked"]
    assert codes(people, renewal(expired), now=NOW + timedelta(days=2)) == ["expired"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"email": "khac@laichau.gov.vn"}, "email_differs"),
        ({"certificate_name": "Lò Văn Anh Em"}, "name_differs"),
        ({"signing_phone": "0912345678"}, "only_for_sim"),
        ({"certificate_serial": "00000000000000AB"}, "unknown_certificate"),
    ],
)
def test_a_row_names_the_certificate_as_it_is_registered(
    people: story.Cast, holder: Subscriber, changes: dict[str, str], expected: str
) -> None:
    certificate = story.give_certificate(holder, days_left=200)

    assert codes(people, renewal(certificate, **changes)) == [expected]


def test_a_sim_is_named_with_its_number(people: story.Cast, holder: Subscriber) -> None:
    certificate = story.give_certificate(holder, storage="sim", days_left=200)

    assert codes(people, renewal(certificate)) == ["missing_signing_phone"]
    assert codes(people, renewal(certificate, signing_phone="0912345678")) == []


def test_a_person_is_not_renamed(people: story.Cast, holder: Subscriber) -> None:
    certificate = story.give_certificate(holder)

    assert codes(people, change(certificate, new_name="Lò Văn Em")) == ["not_changeable"]


def test_a_body_takes_the_name_it_is_registered_under(people: story.Cast) -> None:
    certificate = story.give_certificate(builders.organisation(people.agency))
    facts = people.agency.versions.get().facts()
    named = "ỦY BAN NHÂN DÂN PHƯỜNG MỚI"
    row = change(certificate, new_name=named)
    assert codes(people, row) == ["organisation_not_registered"]

    _rename(people.agency, facts, named)

    found = violations_before_signing(drafted(people, row), now=NOW)
    assert "organisation_not_registered" not in [violation.code for violation in found]


def _rename(agency: Agency, facts: AgencyFacts, name: str) -> None:
    columns = facts.columns() | {"name": name}
    agencies.change_version(agency, AgencyFacts(**columns), valid_from=TODAY, actor=None, now=NOW)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"condition": Condition.LOST}, "device_lost"),
        ({"condition": Condition.DAMAGED}, "device_damaged"),
        ({"condition": Condition.LOCKED}, None),
        ({"custody": Custody.BACK_AT_AGENCY}, "device_given_back"),
    ],
)
def test_the_old_device_must_be_there_to_take_it(
    people: story.Cast, holder: Subscriber, columns: dict[str, str], expected: str | None
) -> None:
    certificate = story.give_certificate(holder, days_left=200)
    Device.objects.filter(key=certificate.key).update(**columns)

    assert codes(people, renewal(certificate)) == ([expected] if expected else [])


def test_what_is_anothers_sounds_like_what_does_not_exist(people: story.Cast) -> None:
    elsewhere = story.cast_beside(people)
    theirs = story.give_certificate(builders.person("Lò Thị Bình", at=elsewhere.agency))
    own_name = renewal(theirs)
    wrong_email = change(theirs, **LEVELS, email="doan@laichau.gov.vn")
    made_up = change(theirs, **LEVELS, certificate_serial="00000000000000AB")

    messages = []
    for row in (own_name, wrong_email, made_up):
        (violation,) = violations_before_signing(drafted(people, row), now=NOW)
        messages.append(violation.message)

    assert messages == [
        UNKNOWN.format(serial=row["certificate_serial"]) for row in (own_name, wrong_email, made_up)
    ]


def test_another_bodys_own_certificate_is_never_taken_over(people: story.Cast) -> None:
    elsewhere = story.cast_beside(people)
    theirs = story.give_certificate(builders.organisation(elsewhere.agency))

    assert codes(people, change(theirs, **LEVELS)) == ["unknown_certificate"]


def test_one_request_for_one_certificate_at_a_time(people: story.Cast, holder: Subscriber) -> None:
    certificate = story.give_certificate(holder, days_left=200)
    story.send_in_ink(drafted(people, renewal(certificate)), people)

    assert codes(people, change(certificate, new_email=NEW_EMAIL)) == ["duplicate_open"]
    (found,) = renew_change.of_certificate(
        certificate, agency=people.agency, wishes=[{"change"}], now=NOW
    )
    assert [(one.code, one.row) for one in found] == [("duplicate_open", None)]


def test_of_a_certificate_alone_it_is_said_what_can_be_asked(
    people: story.Cast, holder: Subscriber
) -> None:
    certificate = story.give_certificate(holder, days_left=29)
    elsewhere = story.cast_beside(people)

    def said(agency: Agency, *wants: str) -> list[str]:
        (found,) = renew_change.of_certificate(certificate, agency=agency, wishes=[wants], now=NOW)
        return [violation.code for violation in found]

    assert said(people.agency, "renew", "change") == ["too_late_to_renew", "too_late_to_change"]
    assert said(people.agency) == []
    assert said(elsewhere.agency, "renew") == ["unknown_certificate"]


def test_the_rules_of_many_rows_take_a_fixed_number_of_queries(
    people: story.Cast, holder: Subscriber
) -> None:
    few = drafted(people, renewal(story.give_certificate(holder, days_left=200)))
    many = drafted(
        people, *(renewal(story.give_certificate(holder, days_left=200)) for _ in range(5))
    )

    assert _queries(few) == _queries(many)


def _queries(dossier: Dossier) -> int:
    items = list(rows_of(dossier))
    with CaptureQueriesContext(connection) as asked:
        assert renew_change.violations(dossier, items, now=NOW) == []
    return len(asked)


# What one row makes


def test_a_renewal_keeps_the_key_and_ends_three_years_later(
    people: story.Cast, holder: Subscriber
) -> None:
    old = story.give_certificate(holder, days_left=200)

    dossier = done(people, renewal(old))

    assert dossier.state == State.COMPLETED
    new = successor(old)
    assert key_of(new) == key_of(old)
    assert new.key == old.key
    assert new.renewals == 1
    assert new.subject == old.subject
    assert f"{timezone.localtime(new.not_after):%d/%m/%Y %H:%M:%S}" == "19/11/2029 23:59:59"
    assert new.not_before == NOW + timedelta(minutes=1)
    item = dossier.items.get()
    assert (item.outcome, item.result) == (Outcome.DONE, new)
    assert Device.objects.get(key=old.key).custody == Custody.WITH_SUBSCRIBER


def test_a_change_keeps_the_end_to_the_second_and_does_not_count(
    people: story.Cast, holder: Subscriber
) -> None:
    old = story.give_certificate(holder, days_left=200)

    address = "anh.moi@laocai.gov.vn"
    done(people, change(old, new_email=address, **LEVELS, new_province="Tỉnh Lào Cai"))

    new = successor(old)
    signed = x509.load_der_x509_certificate(bytes(new.der))
    before = x509.load_der_x509_certificate(bytes(old.der))
    assert signed.not_valid_after_utc == before.not_valid_after_utc == new.not_after
    assert key_of(new) == key_of(old)
    assert new.renewals == 0
    assert new.email == address
    subject = subject_of(bytes(new.der))
    assert subject.organisation_levels == tuple(LEVELS.values())
    assert (subject.locality, subject.common_name) == ("Lào Cai", "Lò Văn Ánh")


@pytest.mark.parametrize("microsecond", [0, 999999])
def test_a_change_never_moves_the_end_and_a_renewal_always_does(
    holder: Subscriber, microsecond: int
) -> None:
    old = story.give_certificate(holder, days_left=200)
    now = NOW.replace(microsecond=microsecond)

    begun, kept = validity_of(old, is_renewal=False, now=now)
    _begun, moved = validity_of(old, is_renewal=True, now=now)

    assert (begun, kept) == (NOW, old.not_after)
    assert moved > old.not_after


def test_both_boxes_make_one_certificate(people: story.Cast, holder: Subscriber) -> None:
    old = story.give_certificate(holder, days_left=200)

    done(people, renewal(old, changes="x", new_email=NEW_EMAIL))

    new = successor(old)
    assert (new.renewals, new.email) == (1, NEW_EMAIL)
    assert timezone.localdate(new.not_after) == date(2029, 11, 19)


def test_a_change_after_a_renewal_inherits_the_count(
    people: story.Cast, holder: Subscriber
) -> None:
    old = story.give_certificate(holder, days_left=200, renewals=1)

    done(people, change(old, new_email=NEW_EMAIL))

    assert successor(old).renewals == 1
    assert codes(people, renewal(successor(old))) == ["renewed_already"]


def test_the_old_one_is_superseded_for_the_next_request(
    people: story.Cast, holder: Subscriber
) -> None:
    old = story.give_certificate(holder, days_left=200)
    done(people, change(old, new_email=NEW_EMAIL))

    (violation,) = violations_before_signing(drafted(people, renewal(old)), now=NOW)

    assert violation.code == "superseded"
    assert successor(old).serial in violation.message
    assert str(successor(old).uuid) in violation.link


def test_a_changed_address_is_the_persons_from_today(
    people: story.Cast, holder: Subscriber
) -> None:
    done(people, change(story.give_certificate(holder), new_email=NEW_EMAIL))

    standing = holder.affiliations.get(valid_until__isnull=True)
    assert (standing.email, standing.unit) == (NEW_EMAIL, "Văn phòng")


def test_a_body_is_renamed_in_its_certificate(people: story.Cast) -> None:
    old = story.give_certificate(builders.organisation(people.agency))
    named = "ỦY BAN NHÂN DÂN PHƯỜNG MỚI"
    _rename(people.agency, people.agency.versions.get().facts(), named)
    people.agency.refresh_from_db()

    done(people, change(old, new_name=named))

    new = successor(old)
    assert subject_of(bytes(new.der)).common_name == new.common_name == named
    assert new.subscriber == old.subscriber


def test_an_absorbed_bodys_certificate_becomes_the_successors(people: story.Cast) -> None:
    absorbed = builders.agency(office=people.agency.office)
    old = story.give_certificate(builders.organisation(absorbed))
    builders.succession(absorbed, people.agency)

    done(people, change(old, new_name=people.agency.name))

    new = successor(old)
    assert new.agency == people.agency
    assert new.subscriber.organisation == people.agency
    assert Device.objects.get(key=old.key).agency == people.agency


# A person who moved (R41)


def test_the_receiving_body_takes_over_who_moved_with_certificate_and_device(
    people: story.Cast,
) -> None:
    before = story.cast_beside(people)
    person = builders.person("Lò Thị Bình", at=before.agency)
    Affiliation.objects.create(
        subscriber=person, agency=before.agency, position="Kế toán", valid_from=date(2025, 7, 1)
    )
    old = story.give_certificate(person)

    done(people, change(old, **LEVELS, new_email=NEW_EMAIL))

    new, device = successor(old), Device.objects.get(key=old.key)
    person.refresh_from_db()
    old.refresh_from_db()
    assert (new.agency, new.office) == (people.agency, people.agency.office)
    assert old.agency == before.agency  # history stays where it happened
    assert (device.agency, device.office) == (people.agency, people.agency.office)
    assert person.agency == people.agency
    standing = person.affiliations.get(valid_until__isnull=True)
    assert (standing.agency, standing.email) == (people.agency, NEW_EMAIL)
    assert standing.unit == LEVELS["new_org2"]
    assert not Device.objects.visible_to(before.clerk).filter(pk=device.pk).exists()
    assert not Certificate.objects.visible_to(before.clerk).filter(pk=new.pk).exists()


def test_a_device_still_on_its_way_keeps_a_move_waiting(people: story.Cast) -> None:
    before = story.cast_beside(people)
    old = story.give_certificate(builders.person("Lò Thị Bình", at=before.agency))
    Device.objects.filter(key=old.key).update(custody=Custody.ON_ITS_WAY)

    dossier = done(people, change(old, **LEVELS))

    assert dossier.state == State.EXECUTION_FAILED
    assert not Certificate.objects.filter(predecessor=old).exists()
    Device.objects.filter(key=old.key).update(custody=Custody.AT_AGENCY)
    story.step(dossier, Action.RETRY, people.operator)
    _carry_on(dossier)
    assert successor(old).agency == people.agency


def _carry_on(dossier: Dossier) -> None:
    execution.execute_accepted(now=NOW + timedelta(minutes=9))
    dossier.refresh_from_db()


# What is told


def test_the_sender_gets_one_paper_and_the_receiver_the_files(
    people: story.Cast, holder: Subscriber
) -> None:
    first = story.give_certificate(holder, days_left=200)
    second = story.give_certificate(builders.person("Lò Thị Cúc", at=people.agency), days_left=99)

    dossier = done(people, renewal(first), renewal(second))

    paper = dossier.delivered_papers.get()
    assert paper.kind == DeliveredPaper.Kind.NEW_CERTIFICATES
    assert Notice.objects.filter(recipient=people.clerk, cause=f"paper:{paper.pk}").exists()
    mail = Mail.objects.get(recipient__isnull=True)
    assert mail.address == story.CONTACT["email"]
    assert [enclosure.name for enclosure in mail.enclosures.all()] == [
        f"{successor(first).serial}.cer",
        f"{successor(second).serial}.cer",
    ]
    assert bytes(mail.enclosures.all()[0].content) == bytes(successor(first).der)
    for old in (first, second):
        assert old.serial in mail.text
        assert successor(old).serial in mail.text
    assert story.CONTACT["identity_number"] not in mail.text
    assert holder.identity_number not in mail.text


def test_many_files_go_in_one_archive(people: story.Cast, holder: Subscriber) -> None:
    rows = [renewal(story.give_certificate(holder, days_left=200)) for _ in range(11)]

    done(people, *rows)

    enclosure = Mail.objects.get(recipient__isnull=True).enclosures.get()
    assert (enclosure.name, enclosure.media_type) == ("chung-thu-moi.zip", "application/zip")


def test_the_office_may_decide_it_alone(holder: Subscriber, people: story.Cast) -> None:
    builders.routing(Procedure.RENEW_CHANGE, Route.OFFICE_ONLY, office=people.agency.office)
    old = story.give_certificate(holder, days_left=200)

    dossier = done(people, renewal(old))

    assert dossier.route == Route.OFFICE_ONLY
    assert dossier.state == State.COMPLETED
    assert successor(old).renewals == 1


def test_the_chunk_is_one_entry_with_old_and_new_numbers(
    people: story.Cast, holder: Subscriber
) -> None:
    old = story.give_certificate(holder, days_left=200)

    done(people, renewal(old))

    entry = AuditEntry.objects.get(action="certificate.renew")
    assert entry.data == {"serials": {old.serial: successor(old).serial}, "failed_rows": []}
