"""A made-up population: the same from the same seed, of every age and state, sound throughout."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from django.db import connection, transaction
from django.db.models import Count, Exists, F, OuterRef, Q
from django.test.utils import CaptureQueriesContext

from devices.lifecycle import Condition, Custody
from devices.models import CustodyMove, Device
from orgmerge.seeding.bodies import Commune
from orgmerge.seeding.population import (
    LOTS,
    LOTS_OF_BODIES,
    LOTS_OF_SYSTEMS,
    populate,
    text_of,
)
from orgmerge.seeding.signing import NOT_A_CERTIFICATE, CertificateMaker, Signing, WithoutX509
from portal.agencies.models import Agency, AgencyVersion, Subscriber
from portal.agencies.services.words import fill_subscribers
from portal.ca.authority import ceremony
from portal.ca.authority import services as authority
from portal.ca.models import Certificate
from portal.ca.pki.names import SubjectName, readable, subject_of, x509_name
from portal.core.text.identifiers import check_agency_code, check_identity_number
from requests_app.models import Dossier
from tests.builders import NOW

pytestmark = pytest.mark.django_db
DAY = date(2026, 12, 1)
BODIES = ("ỦY BAN NHÂN DÂN {}", "ĐẢNG ỦY {}", "TRƯỜNG TIỂU HỌC {}")


def commune(number: int, *, province: str = "Tỉnh Lai Châu", code: str = "12") -> Commune:
    return Commune(f"{number:05d}", f"Xã Thử {number}", "Huyện Thử", province, code)


def bodies_of(name: str) -> list[str]:
    return [one.format(name) for one in BODIES]


def fill(
    *communes: Commune, people: int = 3, seed: int = 1, maker: CertificateMaker | None = None
) -> dict[str, int]:
    return populate(
        communes or [commune(1), commune(2)],
        bodies_of=bodies_of,
        people=people,
        seed=seed,
        day=DAY,
        maker=maker or WithoutX509(),
    )


def snapshot() -> list[Any]:
    """What of the population must not depend on anything but the seed."""
    certificates = Certificate.objects.order_by("pk")
    return [
        *Agency.objects.order_by("pk").values_list("uuid", "name", "parent__name"),
        *Subscriber.objects.order_by("pk").values_list("uuid", "name", "identity_hash"),
        *certificates.values_list("uuid", "serial", "subject", "not_after", "revoked_at"),
        *Device.objects.order_by("pk").values_list("uuid", "serial", "custody", "condition"),
        *Dossier.objects.order_by("pk").values_list("uuid", "kind", "state"),
    ]


def population_of(seed: int) -> list[Any]:
    with transaction.atomic():
        fill(seed=seed)
        found = snapshot()
        transaction.set_rollback(True)
    return found


def test_the_same_seed_makes_the_same_population_and_another_another() -> None:
    first = population_of(7)

    assert len(first) > 50
    assert population_of(7) == first
    assert population_of(8) != first


def test_bodies_stand_under_the_committee_and_that_under_the_district() -> None:
    fill(commune(1))

    school = Agency.objects.get(name="TRƯỜNG TIỂU HỌC XÃ THỬ 1")
    above = [school.parent, school.parent and school.parent.parent]
    assert [one and one.name for one in above] == [
        "ỦY BAN NHÂN DÂN XÃ THỬ 1",
        "ỦY BAN NHÂN DÂN HUYỆN THỬ",
    ]
    assert school.office == Agency.objects.get(kind="office")
    party = Agency.objects.get(name="ĐẢNG ỦY XÃ THỬ 1")
    assert party.parent == Agency.objects.get(name="ỦY BAN NHÂN DÂN HUYỆN THỬ")
    assert Agency.objects.filter(has_seal=False, parent__name="ỦY BAN NHÂN DÂN XÃ THỬ 1").exists()


def test_communes_of_two_provinces_have_two_offices() -> None:
    fill(commune(1), commune(2, province="Thành phố Đà Nẵng", code="48"))

    assert Agency.objects.filter(kind="office").count() == 2
    assert Agency.objects.get(name="ỦY BAN NHÂN DÂN XÃ THỬ 2").province == "Đà Nẵng"


def test_codes_and_numbers_are_of_their_form() -> None:
    fill()

    codes = AgencyVersion.objects.exclude(agency_code="").values_list("agency_code", flat=True)
    assert not any(check_agency_code(code) for code in codes)
    assert len(set(codes)) == len(codes) > 0
    people = Subscriber.objects.filter(kind="person")
    assert not any(check_identity_number(person.identity_number) for person in people)


def test_there_are_certificates_of_every_age_and_state() -> None:
    fill(people=150)

    now = datetime(2026, 12, 1, tzinfo=UTC)
    found = Certificate.objects.all()
    valid = found.valid_at(now)
    for some in (
        valid.filter(not_after__lt=now + timedelta(days=30)),
        valid.filter(
            not_after__gte=now + timedelta(days=31), not_after__lt=now + timedelta(days=60)
        ),
        valid.filter(not_after__gt=now + timedelta(days=365)),
        found.expired(now),
        found.revoked().exclude(revocation_reason="superseded"),
        found.filter(revocation_reason="superseded", successors__isnull=False),
        found.filter(renewals=1),
        found.to_install(now),
        found.filter(subject__contains=", T="),
        found.filter(items__dossier__isnull=False),
    ):
        assert some.exists()
    assert {"token", "sim", "rssp", "hsm"} <= set(found.values_list("key__storage", flat=True))
    assert Subscriber.objects.people().filter(certificates__isnull=True).exists()
    people = Subscriber.objects.people()
    assert people.annotate(places=Count("affiliations", distinct=True)).filter(places=2).exists()
    standing = Count("certificates", filter=Q(certificates__revoked_at__isnull=True))
    assert people.annotate(standing=standing).filter(standing__gt=1).exists()


def test_there_are_devices_in_every_place_and_condition() -> None:
    fill(people=150)

    assert set(Device.objects.values_list("condition", flat=True)) == set(Condition.values)
    not_yet = {Custody.STOCK, Custody.ALLOCATED, Custody.ON_ITS_WAY, Custody.RETIRED}
    assert set(Device.objects.values_list("custody", flat=True)) == set(Custody.values) - not_yet


def test_what_belongs_together_agrees() -> None:
    fill(people=60)

    assert not Certificate.objects.exclude(subscriber__kind=F("kind")).exists()
    elsewhere = Q(predecessor__isnull=False) & ~Q(predecessor__key=F("key"))
    assert not Certificate.objects.filter(elsewhere).exists()
    assert not Device.objects.exclude(key__storage=F("kind")).exists()
    last_moves = CustodyMove.objects.filter(device=OuterRef("pk"), to_custody=OuterRef("custody"))
    assert not Device.objects.filter(~Exists(last_moves)).exists()
    asked = Dossier.objects.exclude(items__certificate__agency=F("agency"))
    assert not asked.exists()


def test_a_subject_reads_as_the_certification_authority_writes_it() -> None:
    for levels in ((), ("UBND TỈNH",), ("UBND TỈNH", "UBND HUYỆN", "UBND XÃ")):
        subject = SubjectName(
            common_name="Lò Văn An",
            organisation_levels=levels,
            locality="Lai Châu",
            email="an@laichau.gov.vn",
        )

        assert text_of(subject) == readable(x509_name(subject))


def test_certificates_are_really_signed() -> None:
    authority.open_for_signing()
    ceremony.set_up(now=NOW)

    fill(commune(1), people=2, maker=Signing())

    for certificate in Certificate.objects.exclude(subject__contains=", T="):
        made = x509.load_der_x509_certificate(bytes(certificate.der))
        assert f"{made.serial_number:016X}" == certificate.serial
        assert made.not_valid_after_utc == certificate.not_after
        assert readable(x509_name(subject_of(bytes(certificate.der)))) == certificate.subject


def test_what_was_not_signed_says_so() -> None:
    fill(commune(1), people=2)

    assert {bytes(der) for der in Certificate.objects.values_list("der", flat=True)} == {
        NOT_A_CERTIFICATE
    }


def test_the_counts_are_those_of_the_register() -> None:
    made = fill()

    assert made["Certificate"] == Certificate.objects.count()
    assert made["Agency"] == Agency.objects.count()


@pytest.mark.parametrize("lots", [LOTS, LOTS_OF_BODIES, LOTS_OF_SYSTEMS])
def test_shares_are_of_a_thousand(lots: tuple[Any, ...]) -> None:
    assert sum(lot.share for lot in lots) == 1000
    assert Counter(lots).most_common(1)[0][1] == 1


def statements_for(count: int) -> int:
    with CaptureQueriesContext(connection) as captured, transaction.atomic():
        fill(*map(commune, range(count)), people=1)
        fill_subscribers()
        transaction.set_rollback(True)
    return len(captured)


def test_a_nation_is_written_in_as_many_statements_as_a_village() -> None:
    # Of 81,000 bodies with some 900,000 certificates nothing is asked body by body.
    assert statements_for(40) == statements_for(10)
