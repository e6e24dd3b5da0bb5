"""Issuing: what a certificate holds, and that asking twice gives one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.db import transaction
from django.test import override_settings

from portal.ca.authority import keystore
from portal.ca.authority import services as authority
from portal.ca.models import Certificate, Issuance, Storage
from portal.ca.pki import signing
from portal.ca.pki.names import SubjectName
from portal.ca.pki.profiles import PUBLIC_SERVICE_SIGNING, Addresses
from portal.ca.pki.signing import Issuer, SubscriberSigner, load_public_key
from portal.ca.register import services
from tests.ca import builders

pytestmark = pytest.mark.usefixtures("ca")


def signed(now: datetime, **about: Any) -> x509.Certificate:
    asked = builders.order(builders.key(now=now), now=now, **about)
    answer = builders.issue(asked, now=now)
    assert answer.der is not None, answer.error
    return x509.load_der_x509_certificate(answer.der)


def extension(certificate: x509.Certificate, kind: type[Any]) -> Any:
    return certificate.extensions.get_extension_for_class(kind).value


def test_a_subject_has_its_parts_in_the_order_of_the_real_ones(now: datetime) -> None:
    certificate = signed(now)

    assert [attribute.oid for attribute in certificate.subject] == [
        NameOID.COUNTRY_NAME,
        NameOID.LOCALITY_NAME,
        NameOID.ORGANIZATION_NAME,
        NameOID.ORGANIZATIONAL_UNIT_NAME,
        NameOID.ORGANIZATIONAL_UNIT_NAME,
        NameOID.COMMON_NAME,
        NameOID.EMAIL_ADDRESS,
    ]
    named = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0]
    assert named.value == "Nguyễn Thị Ánh Đào"


def test_a_name_of_64_vietnamese_letters_fits_and_one_of_65_does_not(now: datetime) -> None:
    key = builders.key(now=now)
    long_name = SubjectName(common_name="Ằ" * 64, organisation_levels=("A",), locality="Huế")
    longer = SubjectName(common_name="Ằ" * 65, organisation_levels=("A",), locality="Huế")

    fits = builders.issue(builders.order(key, now=now, subject=long_name), now=now)
    too_long = builders.issue(builders.order(key, now=now, subject=longer), now=now)

    assert fits.der is not None
    assert ("Ằ" * 64).encode() in fits.der
    assert too_long.der is None
    assert "65 ký tự" in too_long.error


def test_a_person_may_sign_log_in_and_protect_mail(now: datetime) -> None:
    certificate = signed(now)

    usage = extension(certificate, x509.KeyUsage)
    assert usage.digital_signature
    assert usage.content_commitment
    assert not usage.key_cert_sign
    assert set(extension(certificate, x509.ExtendedKeyUsage)) == {
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        ExtendedKeyUsageOID.SMARTCARD_LOGON,
        PUBLIC_SERVICE_SIGNING,
    }
    names = extension(certificate, x509.SubjectAlternativeName)
    assert names.get_values_for_type(x509.RFC822Name) == ["daonta.tanuyen@laichau.gov.vn"]


def test_a_system_is_named_by_its_domain_and_signs_no_documents(now: datetime) -> None:
    system = SubjectName(
        common_name="Cổng dịch vụ công",
        organisation_levels=("UBND TỈNH LAI CHÂU",),
        locality="Lai Châu",
        domain="dichvucong.laichau.gov.vn",
    )

    certificate = signed(now, kind="system", subject=system)

    assert not extension(certificate, x509.KeyUsage).content_commitment
    assert ExtendedKeyUsageOID.SERVER_AUTH in extension(certificate, x509.ExtendedKeyUsage)
    names = extension(certificate, x509.SubjectAlternativeName)
    assert names.get_values_for_type(x509.DNSName) == ["dichvucong.laichau.gov.vn"]


@override_settings(CA_ALGORITHM="rsa")
def test_an_rsa_subscriber_key_may_also_encipher(now: datetime) -> None:
    certificate = signed(now)

    usage = extension(certificate, x509.KeyUsage)
    assert usage.key_encipherment
    assert usage.data_encipherment
    assert certificate.public_key().key_size == 2048  # type: ignore[union-attr]


def test_a_certificate_says_where_to_check_it_and_that_it_is_a_simulation(now: datetime) -> None:
    certificate = signed(now)

    access = extension(certificate, x509.AuthorityInformationAccess)
    assert [entry.access_location.value for entry in access] == [
        "http://127.0.0.1:8000/pki/issuing/ocsp",
        "http://127.0.0.1:8000/pki/issuing/ca.crt",
    ]
    points = extension(certificate, x509.CRLDistributionPoints)
    assert points[0].full_name[0].value == "http://127.0.0.1:8000/pki/issuing/crl"
    (policy,) = extension(certificate, x509.CertificatePolicies)
    (notice,) = policy.policy_qualifiers
    assert "MÔ PHỎNG" in notice.explicit_text
    assert policy.policy_identifier == signing.TEST_POLICY
    assert "MÔ PHỎNG" in certificate.issuer.rfc4514_string()


def test_a_serial_keeps_its_leading_zeros(now: datetime) -> None:
    certificate = builders.certificate(now=now, serial="000000000000A0B1")

    parsed = x509.load_der_x509_certificate(bytes(certificate.der))

    assert parsed.serial_number == 0xA0B1
    assert Certificate.objects.get().serial == "000000000000A0B1"


@pytest.mark.parametrize(
    "serial", ["0000000000000000", "8000000000000000", "A0B1", "00000000000000ab", "GGGG"]
)
def test_a_serial_that_is_none_of_ours_is_not_signed(now: datetime, serial: str) -> None:
    asked = builders.order(builders.key(now=now), now=now, serial=serial)

    assert "Số hiệu" in builders.issue(asked, now=now).error


def test_new_serials_have_16_digits_and_are_positive_63_bit_numbers() -> None:
    numbers = {services.new_serial() for _try in range(500)}

    assert len(numbers) == 500
    assert all(len(serial) == 16 and 1 <= int(serial, 16) < 2**63 for serial in numbers)


def test_columns_and_certificate_agree_to_the_second(now: datetime) -> None:
    certificate = builders.certificate(now=now)

    parsed = x509.load_der_x509_certificate(bytes(certificate.der))

    assert parsed.not_valid_before_utc == certificate.not_before
    assert parsed.not_valid_after_utc == certificate.not_after
    assert certificate.subject.startswith("C=VN, L=Lai Châu, O=ỦY BAN NHÂN DÂN TỈNH LAI CHÂU, OU=")
    assert certificate.subject.endswith("E=daonta.tanuyen@laichau.gov.vn")


def test_an_order_asked_again_gets_the_same_certificate(now: datetime) -> None:
    asked = builders.order(builders.key(now=now), now=now)

    first = builders.issue(asked, now=now)
    again = builders.issue(asked, now=now + timedelta(hours=1))

    assert first.der == again.der
    assert Issuance.objects.count() == 1


def test_an_order_given_twice_in_one_call_is_answered_twice_the_same(now: datetime) -> None:
    asked = builders.order(builders.key(now=now), now=now)

    one, other = authority.own().issue_many([asked, asked], now=now)

    assert one == other
    assert Issuance.objects.count() == 1


def test_a_bad_order_does_not_stop_its_neighbours(now: datetime) -> None:
    good = [builders.order(builders.key(now=now), now=now) for _row in range(2)]
    endless = builders.order(builders.key(now=now), now=now, valid_for=timedelta(days=40 * 365))

    answers = authority.own().issue_many([good[0], endless, good[1]], now=now)

    assert [answer.der is not None for answer in answers] == [True, False, True]
    assert "thời hạn của CA" in answers[1].error


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"email": "đào@laichau.gov.vn"}, "Thư điện tử"),
        ({"email": "a@@laichau.gov.vn"}, "Thư điện tử"),
        ({"domain": "dịch vụ.gov.vn"}, "Tên miền"),
        ({"domain": f"{'a' * 64}.gov.vn"}, "Tên miền"),
        ({"domain": "-a.gov.vn"}, "Tên miền"),
        ({"domain": ".".join(["laichau"] * 32)}, "Tên miền"),
        ({"common_name": "Lò Văn A\x00 quản trị"}, "không nhìn thấy"),
        ({"locality": "Lai\u202eChâu"}, "không nhìn thấy"),
        ({"common_name": "Lò Văn A 012345678901"}, "số định danh"),
        ({"common_name": " "}, "Thiếu tên"),
        ({"organisation_levels": ("UBND", "")}, "để trống"),
    ],
)
def test_a_name_that_cannot_stand_in_a_certificate_is_refused_in_words(
    now: datetime, changes: dict[str, Any], said: str
) -> None:
    subject = replace(builders.TEACHER, **changes)

    answer = builders.issue(
        builders.order(builders.key(now=now), now=now, subject=subject), now=now
    )

    assert answer.der is None
    assert said in answer.error


def test_a_key_that_cannot_be_read_or_is_weak_is_refused_in_words(now: datetime) -> None:
    weak = rsa.generate_private_key(65537, 1024).public_key()  # noqa: S505
    spki = weak.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    asked = builders.order(builders.key(now=now), now=now)

    unreadable = builders.issue(replace(asked, request_key="a", public_key=b"key 1"), now=now)
    too_short = builders.issue(replace(asked, request_key="b", public_key=spki), now=now)

    assert unreadable.error == "Khóa công khai không đọc được."
    assert too_short.error == "Khóa công khai quá ngắn: 1024 bit."


def test_a_serial_used_for_another_order_harms_that_order_only(now: datetime) -> None:
    first = builders.order(builders.key(now=now), now=now, serial="0123456789ABCDEF")
    builders.issue(first, now=now)
    clash = builders.order(builders.key(now=now), now=now, serial="0123456789ABCDEF")
    fine = builders.order(builders.key(now=now), now=now)

    answers = authority.own().issue_many([clash, fine], now=now)

    assert "đã được dùng" in answers[0].error
    assert answers[1].der is not None


@pytest.mark.django_db(transaction=True)
def test_the_ca_is_not_called_inside_a_transaction(now: datetime) -> None:
    asked = builders.order(builders.key(now=now), now=now)

    with pytest.raises(RuntimeError), transaction.atomic():
        builders.issue(asked, now=now)


def test_a_process_that_was_not_opened_cannot_sign(now: datetime) -> None:
    keystore.close()

    with pytest.raises(authority.NotConfigured):
        authority.own()


@override_settings(SIMULATION=False)
def test_without_simulation_there_is_no_ca_and_no_virtual_token(now: datetime) -> None:
    with pytest.raises(authority.NotConfigured):
        authority.own()
    with pytest.raises(authority.NotConfigured):
        services.make_keys(Storage.TOKEN, 1, now=now)


def test_a_successor_inherits_the_count_of_renewals(now: datetime) -> None:
    key = builders.key(now=now)
    first = builders.certificate(now=now, key=key)
    Certificate.objects.filter(pk=first.pk).update(renewals=1)
    first.refresh_from_db()

    changed = builders.certificate(now=now, key=key, predecessor=first)

    assert changed.renewals == 1


def test_nothing_is_signed_for_a_time_before_the_ca(now: datetime) -> None:
    asked = builders.order(builders.key(now=now), now=now - timedelta(days=20 * 365))

    answer = builders.issue(asked, now=now)

    assert answer.der is None
    assert "Thời hạn" in answer.error


def test_a_faulty_signature_does_not_leave_the_ca(now: datetime) -> None:
    issuer = authority.current_issuer()
    stranger = ec.generate_private_key(issuer.key.curve)  # type: ignore[union-attr]
    faulty = SubscriberSigner(
        Issuer(issuer.certificate, stranger),
        addresses=Addresses("http://127.0.0.1:8000", "issuing"),
    )
    key = load_public_key(bytes(builders.key(now=now).public_key))

    with pytest.raises(ValueError, match="chưa cấp"):
        faulty.sign(
            "person",
            subject=builders.TEACHER,
            public_key=key,
            serial=1,
            not_before=now,
            not_after=now + timedelta(days=1),
        )
