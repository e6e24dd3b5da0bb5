"""Issuing on keys made at the agency, and to devices, services and software."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from pytest_django import DjangoAssertNumQueries

from devices.models import Device
from portal.agencies.models import Subscriber, SubscriberKind
from portal.audit.models import AuditEntry
from portal.ca.models import Certificate, KeyPair
from portal.ca.pki import csr
from portal.ca.pki.profiles import PrivateKey
from portal.ca.register import services as ca
from portal.core.rules import Refused
from requests_app.drafts.services import save_rows
from requests_app.execution import services as execution
from requests_app.execution.preparation import KEY_IN_USE
from requests_app.kinds import row_rules
from requests_app.models import Dossier, Outcome
from requests_app.workflow import Action, State
from tests import builders, story
from tests.ca import requests

pytestmark = pytest.mark.usefixtures("ca")

SOON = builders.NOW + timedelta(seconds=5)


def system(people: story.Cast, key: PrivateKey | None = None, **changes: str) -> dict[str, str]:
    """A right row of Mẫu 03 owned by the sender, with a request of ``key``."""
    row = dict(builders.system_answers(people.agency.name)) | changes
    if row["storage"] in ("soft", "hsm") and not row["csr"]:
        row["csr"] = requests.pem(key, name=row["name"])
    return row


def carried_out(
    people: story.Cast, rows: Sequence[Mapping[str, str]], kind: str = "mau_03_system"
) -> Dossier:
    return story.carried_out(story.draft_of(people, kind, rows), people)


def codes(dossier: Dossier) -> list[str]:
    items = list(row_rules.rows_of(dossier))
    return [one.code for one in row_rules.violations(dossier, items, now=builders.NOW)]


def test_a_system_gets_a_certificate_on_its_own_key_and_no_device() -> None:
    people = story.cast()
    key = requests.ec_key()

    dossier = carried_out(people, [system(people, key, storage="hsm")])

    assert dossier.state == State.COMPLETED
    (item,) = dossier.items.select_related("result__key", "result__subscriber")
    assert item.device is None
    assert item.result is not None
    made = x509.load_der_x509_certificate(bytes(item.result.der))
    assert made.public_key() == key.public_key()
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["dichvucong.laichau.gov.vn"]
    assert item.result.kind == SubscriberKind.SYSTEM
    assert (item.result.agency, item.result.office) == (people.agency, people.agency.office)
    assert item.result.key.storage == "hsm"
    assert not hasattr(item.result.key, "token")
    assert not Device.objects.exists()
    subscriber = item.result.subscriber
    assert subscriber.kind == SubscriberKind.SYSTEM
    assert (subscriber.agency, subscriber.domain_name) == (
        people.agency,
        "dichvucong.laichau.gov.vn",
    )
    purposes = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert ExtendedKeyUsageOID.SERVER_AUTH in purposes


def test_which_key_was_taken_in_is_recorded() -> None:
    people = story.cast()
    carried_out(people, [system(people)])

    entry = AuditEntry.objects.get(action="device.allocate")

    assert entry.data["own_keys"] == [KeyPair.objects.get().fingerprint]


def test_an_ip_address_stands_in_the_certificate_as_one() -> None:
    people = story.cast()

    dossier = carried_out(people, [system(people, domain="203.162.1.7")])

    (item,) = dossier.items.select_related("result")
    assert item.result is not None
    made = x509.load_der_x509_certificate(bytes(item.result.der))
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.IPAddress) == [ip_address("203.162.1.7")]
    assert names.get_values_for_type(x509.DNSName) == []


def test_a_system_on_a_token_gets_one_from_the_stock() -> None:
    people = story.cast()
    (key,) = ca.make_keys("token", 1, now=builders.NOW)
    device = builders.device(key_pair=key)

    dossier = carried_out(people, [system(people, storage="token")])

    (item,) = dossier.items.select_related("result", "device")
    assert item.device == device
    assert item.result is not None
    assert item.result.key == key


def test_persons_and_bodies_bring_the_keys_of_their_own_hsm_too() -> None:
    people = story.cast()
    person = dict(builders.person_answers(storage="hsm"))
    person["csr"] = requests.pem(name=person["full_name"])
    body = {
        "name": people.agency.name,
        "address": "Bản Thử",
        "tax_code": "0100233488",
        "budget_code": "1234567",
        "province": "Lai Châu",
        "email": "vanthu.tanuyen@laichau.gov.vn",
        "storage": "hsm",
        "csr": requests.pem(requests.rsa_key(), name=people.agency.name),
    }

    assert carried_out(people, [person], "mau_01_person").state == State.COMPLETED
    assert carried_out(people, [body], "mau_02_organisation").state == State.COMPLETED

    algorithms = Certificate.objects.values_list("kind", "key__algorithm", "key__storage")
    assert set(algorithms) == {("person", "ec-p256", "hsm"), ("organisation", "rsa-2048", "hsm")}
    assert not hasattr(Certificate.objects.get(kind="person").key, "token")


def test_central_signing_keys_are_still_made_by_the_portal() -> None:
    people = story.cast()

    dossier = carried_out(people, [builders.person_answers(storage="rssp")], "mau_01_person")

    assert dossier.state == State.COMPLETED
    assert KeyPair.objects.get(storage="rssp").token.transport_pin


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"csr": ""}, "csr_missing"),
        ({"csr": requests.pem(name="Tên khác")}, "csr_other_name"),
        ({"csr": requests.pem(requests.rsa_key(1024))}, "csr_key_size"),
        ({"storage": "token"}, "csr_not_wanted"),
    ],
)
def test_a_draft_with_a_wrong_request_does_not_leave_the_clerk(
    changes: dict[str, str], expected: str
) -> None:
    people = story.cast()
    dossier = story.draft_of(people, "mau_03_system", [{**system(people), **changes}])

    with pytest.raises(Refused) as refusal:
        story.step(dossier, Action.REQUEST_SIGNATURE, people.clerk)

    assert [(one.code, one.row) for one in refusal.value.violations] == [(expected, 1)]
    dossier.refresh_from_db()
    assert dossier.state == State.DRAFT


def test_the_owner_is_the_sender_or_a_body_under_it() -> None:
    people = story.cast()
    station = builders.agency("TRẠM Y TẾ XÃ", parent=people.agency, has_seal=False)
    stranger = builders.agency("UBND XÃ KHÁC")

    def judged(owner: str) -> list[str]:
        return codes(story.draft_of(people, "mau_03_system", [system(people, owner=owner)]))

    assert judged(people.agency.name) == []
    assert judged(station.name) == []
    assert judged(stranger.name) == ["owner_not_registered"]


def test_a_unit_without_a_seal_owns_under_the_body_that_manages_it() -> None:
    people = story.cast()
    station = builders.agency("TRẠM Y TẾ XÃ", parent=people.agency, has_seal=False)

    dossier = carried_out(people, [system(people, owner=station.name)])

    (item,) = dossier.items.select_related("result__subscriber")
    assert item.result is not None
    assert item.result.subscriber.agency == people.agency
    assert f"O={people.agency.name}, OU={station.name}" in item.result.subject


def test_an_owner_that_left_the_register_meanwhile_fails_the_row() -> None:
    people = story.cast()
    station = builders.agency("TRẠM Y TẾ XÃ", parent=people.agency, has_seal=False)
    rows = [system(people), system(people, name="PHẦN MỀM Y TẾ", owner=station.name)]
    dossier = story.draft_of(people, "mau_03_system", rows)
    story.confirm(story.decide(story.send_in_ink(dossier, people), people), people)
    station.dissolved_on = builders.TODAY
    station.save()

    execution.execute_accepted(now=SOON)

    assert list(dossier.items.values_list("outcome", flat=True)) == [Outcome.DONE, Outcome.FAILED]


def test_the_same_system_stays_one_subscriber() -> None:
    people = story.cast()
    carried_out(people, [system(people)])
    carried_out(people, [system(people, name="Cổng dịch vụ công tỉnh Lai Châu")])
    carried_out(people, [system(people, domain="thu.laichau.gov.vn")])

    assert Certificate.objects.count() == 3
    systems = Subscriber.objects.filter(kind=SubscriberKind.SYSTEM)
    assert set(systems.values_list("domain_name", flat=True)) == {
        "dichvucong.laichau.gov.vn",
        "thu.laichau.gov.vn",
    }
    assert systems.count() == 2


def test_a_key_that_carries_a_certificate_is_refused_to_everybody() -> None:
    people = story.cast()
    key = requests.ec_key()
    carried_out(people, [system(people, key)])
    others = story.cast_beside(people)

    again = story.draft_of(people, "mau_03_system", [system(people, key)])
    elsewhere = story.draft_of(others, "mau_03_system", [system(others, key)])

    assert codes(again) == ["key_in_use"]
    assert codes(elsewhere) == ["key_in_use"]
    with pytest.raises(Refused):
        story.step(elsewhere, Action.REQUEST_SIGNATURE, others.clerk)


def test_the_key_of_a_device_is_no_key_for_a_system() -> None:
    people = story.cast()
    key = requests.ec_key()
    row = system(people, key)
    dossier = story.draft_of(people, "mau_03_system", [row])
    assert codes(dossier) == []
    of_a_device = builders.key()
    of_a_device.fingerprint = csr.read(row["csr"]).fingerprint
    of_a_device.save()

    assert codes(dossier) == ["key_in_use"]


def test_two_dossiers_with_one_key_end_with_one_certificate() -> None:
    people = story.cast()
    key = requests.ec_key()
    dossiers = [
        story.draft_of(people, "mau_03_system", [system(people, key, name=name)])
        for name in ("CỔNG MỘT", "CỔNG HAI")
    ]
    for dossier in dossiers:
        story.confirm(story.decide(story.send_in_ink(dossier, people), people), people)

    execution.execute_accepted(now=SOON)

    assert Certificate.objects.count() == 1
    outcomes = [dossier.items.get().outcome for dossier in dossiers]
    assert sorted(outcomes) == [Outcome.DONE, Outcome.FAILED]
    failed = dossiers[outcomes.index(Outcome.FAILED)].items.get()
    assert failed.outcome_reason == KEY_IN_USE


def test_a_key_the_ca_did_not_certify_is_free_once_its_row_is_refused() -> None:
    people = story.cast()
    key = requests.ec_key()
    dossier = story.draft_of(people, "mau_03_system", [system(people, key)])
    story.confirm(story.decide(story.send_in_ink(dossier, people), people), people)
    _fail_at_the_ca(dossier)
    execution.execute_accepted(now=SOON)
    assert dossier.items.get().outcome == Outcome.FAILED
    other = story.draft_of(people, "mau_03_system", [system(people, key, storage="hsm", name="B")])

    dossier.items.update(outcome=Outcome.REFUSED)
    story.carried_out(other, people)

    made = Certificate.objects.get()
    assert (made.common_name, made.key.storage) == ("B", "hsm")


def _fail_at_the_ca(dossier: Dossier) -> None:
    """What the CA refuses to sign: a name longer than a certificate holds."""
    item = dossier.items.get()
    item.answers = {**item.answers, "email": f"{'a' * 260}@laichau.gov.vn"}
    item.save()


def test_asking_the_register_about_many_rows_takes_no_more_questions(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    people = story.cast()
    rows = [
        system(people, name=f"PHẦN MỀM {number}", domain=f"pm{number}.laichau.gov.vn")
        for number in range(12)
    ]
    few = story.draft_of(people, "mau_03_system", rows[:2])
    many = story.draft_of(people, "mau_03_system", rows[2:])

    for dossier in (few, many):
        items = list(row_rules.rows_of(dossier))
        with django_assert_num_queries(4):
            row_rules.violations(dossier, items, now=builders.NOW)


def test_rows_come_from_a_sheet_and_their_requests_later() -> None:
    people = story.cast()
    dossier = story.draft_of(people, "mau_03_system", [{**system(people), "csr": ""}])
    (item,) = dossier.items.all()

    save_rows(
        dossier,
        {item.uuid: {"csr": system(people)["csr"]}},
        actor=people.clerk,
        now=builders.NOW,
        version=dossier.version,
    )

    story.carried_out(dossier, people)
    assert dossier.state == State.COMPLETED
