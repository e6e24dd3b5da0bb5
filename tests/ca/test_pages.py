"""The pages about certificates: who sees what, in what words, at what price."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.ca.authority import ceremony
from portal.ca.models import Certificate, CertificateState, RevocationReason
from portal.ca.pki.names import SubjectName
from portal.ca.register import services
from portal.ca.register.views import TONES
from portal.core.roles import Role
from tests import words
from tests.ca import builders


@pytest.fixture
def clock(db: None, signing: None) -> datetime:
    clock = timezone.now()
    ceremony.set_up(now=clock)
    return clock


@pytest.fixture
def body(clock: datetime) -> Agency:
    return builders.agency("UBND xã Tân Uyên", office=builders.agency("Sở KH&CN Lai Châu"))


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def clerk(body: Agency) -> Client:
    return signed_in(builders.user(Role.CLERK, agency=body))


def named(name: str, email: str = "a@laichau.gov.vn") -> SubjectName:
    return SubjectName(
        common_name=name, organisation_levels=("UBND",), locality="Lai Châu", email=email
    )


def page(client: Client, **query: str) -> str:
    response = client.get("/chung-thu/", query)
    assert response.status_code == 200
    return response.content.decode()


def test_an_agency_sees_its_own_and_nobody_elses(
    clerk: Client, body: Agency, clock: datetime
) -> None:
    own = builders.certificate(now=clock, agency=body)
    others = builders.certificate(now=clock, agency=builders.agency("UBND xã khác"))

    shown = page(clerk)

    assert own.serial in shown
    assert others.serial not in shown
    assert clerk.get(f"/chung-thu/{others.uuid}/").status_code == 404


@pytest.mark.parametrize("file", ["", "chung-thu.cer", "chung-thu.pem", "chuoi.pem"])
@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.HEAD, 404), (Role.OFFICE_OFFICER, 404), (Role.ADMINISTRATOR, 404), (Role.AUDITOR, 404)],
)
def test_strangers_get_none_of_its_pages_and_files(
    body: Agency, clock: datetime, role: Role, status: int, file: str
) -> None:
    certificate = builders.certificate(now=clock, agency=body)
    stranger = signed_in(builders.user(role, agency=builders.agency("Cơ quan khác")))

    assert stranger.get(f"/chung-thu/{certificate.uuid}/{file}").status_code == status


def test_the_office_and_the_ca_see_it(body: Agency, clock: datetime) -> None:
    assert body.office is not None
    certificate = builders.certificate(now=clock, agency=body)
    for role, agency in ((Role.OFFICE_HEAD, body.office), (Role.CA_OPERATOR, builders.agency())):
        client = signed_in(builders.user(role, agency=agency))
        assert client.get(f"/chung-thu/{certificate.uuid}/").status_code == 200


def test_nobody_sees_anything_without_signing_in(clock: datetime) -> None:
    assert Client().get("/chung-thu/").status_code == 302
    assert Client().get(f"/chung-thu/{uuid4()}/chung-thu.cer").status_code == 302


@pytest.mark.parametrize(
    "text",
    [
        "anh dao",
        "Ánh Đào",
        "A\u0301nh  Đào",
        "nguyễn đào",
        "DAONTA.tanuyen@",
        "70b1",
        " 70:B1 00",
    ],
)
def test_text_finds_by_name_without_marks_serial_and_mail(
    clerk: Client, body: Agency, clock: datetime, text: str
) -> None:
    wanted = builders.certificate(now=clock, agency=body, serial="70B1000000000123")
    other = builders.certificate(
        now=clock, agency=body, subject=named("Lò Văn Thử"), serial="2222222222222222"
    )

    words.fill()

    shown = page(clerk, q=text)

    assert wanted.serial in shown
    assert other.serial not in shown


def test_states_and_kinds_narrow_the_list(clerk: Client, body: Agency, clock: datetime) -> None:
    made = {
        CertificateState.VALID: builders.certificate(now=clock, agency=body),
        CertificateState.EXPIRING: builders.certificate(
            now=clock - timedelta(days=5), agency=body, valid_for=timedelta(days=30)
        ),
        CertificateState.EXPIRED: builders.certificate(
            now=clock - timedelta(days=30), agency=body, valid_for=timedelta(days=20), kind="system"
        ),
        CertificateState.REVOKED: services.revoke(
            builders.certificate(now=clock, agency=body),
            RevocationReason.CESSATION,
            actor=None,
            now=clock,
        ),
    }

    def states(**query: str) -> set[str]:
        shown = page(clerk, **query)
        return {state for state, certificate in made.items() if certificate.serial in shown}

    assert states(state="") == set(made)
    assert states() == states(state="valid") == {"valid", "expiring"}
    for state in ("expiring", "expired", "revoked"):
        assert states(state=state) == {state}
    assert states(kind="system") == {"expired"}
    assert all(made[state].state(clock) == state for state in made)


def test_every_state_has_a_tone() -> None:
    assert set(TONES) == set(CertificateState)


def test_pages_of_the_list_follow_one_another(clerk: Client, body: Agency, clock: datetime) -> None:
    made = [
        builders.certificate(now=clock, agency=body, valid_for=timedelta(days=100 + number))
        for number in range(51)
    ]

    first = clerk.get("/chung-thu/")
    second = clerk.get("/chung-thu/?" + first.context["page"].next_params)

    assert "51 chứng thư" in first.content.decode()
    assert first.context["rows"][0].certificate == made[0]  # what expires first
    assert [row.certificate for row in second.context["rows"]] == [made[-1]]


def test_the_list_costs_the_same_for_one_row_and_many(
    clerk: Client, body: Agency, clock: datetime
) -> None:
    def price() -> int:
        with CaptureQueriesContext(connection) as queries:
            page(clerk)
        return len(queries)

    builders.certificate(now=clock, agency=body)
    price()  # a session's first page writes to it
    one = price()
    for _number in range(5):
        builders.certificate(now=clock, agency=body)

    assert price() == one
    assert one <= 8


def test_htmx_gets_the_list_alone(clerk: Client) -> None:
    response = clerk.get("/chung-thu/", headers={"hx-request": "true"})

    assert b"<html" not in response.content
    assert b'id="ket-qua"' in response.content
    assert "HX-Request" in response["Vary"]


def test_a_certificate_says_first_what_it_is_worth_today(
    clerk: Client, body: Agency, clock: datetime
) -> None:
    certificate = builders.certificate(now=clock, agency=body, valid_for=timedelta(days=1500))

    shown = clerk.get(f"/chung-thu/{certificate.uuid}/").content.decode()

    end = timezone.localtime(certificate.not_after)
    assert f"Còn hiệu lực đến ngày {end:%d/%m/%Y}, còn 1.500 ngày." in shown
    assert "Chứng thư của Nguyễn Thị Ánh Đào" in shown
    assert "USB Token" in shown
    assert "ECDSA P-256" in shown


def test_a_revoked_certificate_says_when_and_why_and_names_its_successor(
    clerk: Client, body: Agency, clock: datetime
) -> None:
    key = builders.key(now=clock)
    old = builders.certificate(now=clock, agency=body, key=key)
    new = builders.certificate(now=clock, agency=body, key=key, predecessor=old)
    services.revoke(old, RevocationReason.SUPERSEDED, actor=None, now=clock)

    of_old = clerk.get(f"/chung-thu/{old.uuid}/").content.decode()
    of_new = clerk.get(f"/chung-thu/{new.uuid}/").content.decode()

    assert "Đã bị thu hồi lúc" in of_old
    assert "Đã được thay bằng chứng thư mới" in of_old
    assert f"/chung-thu/{new.uuid}/" in of_old
    assert f"/chung-thu/{old.uuid}/" in of_new


def test_the_files_are_the_certificate(clerk: Client, body: Agency, clock: datetime) -> None:
    certificate = builders.certificate(now=clock, agency=body)

    cer = clerk.get(f"/chung-thu/{certificate.uuid}/chung-thu.cer")
    pem = clerk.get(f"/chung-thu/{certificate.uuid}/chung-thu.pem")
    chain = clerk.get(f"/chung-thu/{certificate.uuid}/chuoi.pem")

    der = bytes(certificate.der)
    assert cer.content == der
    assert f'filename="{certificate.serial}.cer"' in cer["Content-Disposition"]
    assert cer["X-Content-Type-Options"] == "nosniff"
    assert x509.load_pem_x509_certificate(pem.content).public_bytes(Encoding.DER) == der
    leaf, issuing, root = x509.load_pem_x509_certificates(chain.content)
    leaf.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(root)
    assert Certificate.objects.count() == 1
