"""What the CA makes, judged by pkilint: every profile, certificate of the CA, list and answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from pkilint import pkix
from pkilint.loader import (
    RFC5280CertificateDocumentLoader,
    RFC5280CertificateListDocumentLoader,
    RFC6960OCSPResponseDocumentLoader,
)
from pkilint.pkix import certificate, crl, extension, name, ocsp
from pkilint.validation import ValidationFindingDescription, Validator
from pkilint.validation import ValidationFindingSeverity as Severity
from pytest_django import Settings

from portal.ca.authority import ceremony, responder, rollover
from portal.ca.authority import services as authority
from portal.ca.models import Authority, Crl, RevocationReason
from portal.ca.pki import serials
from portal.ca.pki.names import SubjectName
from portal.ca.pki.profiles import PROFILES, Addresses, PublicKey, generate
from portal.ca.pki.signing import SubscriberSigner
from portal.ca.register import services
from tests.ca import builders
from tests.ca.test_ocsp_hostile import question

# Findings that stand: the code and what the message says, each with why.
EXCEPTIONS = {
    ("itu.invalid_asn1_syntax", "OID contains arc which is larger than 32-bits"): (
        "the test policy is 2.25.UUID (ITU-T X.667): its second arc has 128 bits, which pkilint's "
        "reader of CertificatePolicies does not take"
    ),
}

SUBJECTS = {
    "person": builders.TEACHER,
    "organisation": SubjectName(
        common_name="ỦY BAN NHÂN DÂN XÃ TÂN UYÊN",
        organisation_levels=("ỦY BAN NHÂN DÂN TỈNH LAI CHÂU",),
        locality="Lai Châu",
        email="tanuyen@laichau.gov.vn",
        tax_code="0101234567-001",
    ),
    "system": SubjectName(
        common_name="Hệ thống một cửa",
        organisation_levels=("ỦY BAN NHÂN DÂN TỈNH LAI CHÂU",),
        locality="Lai Châu",
        domain="motcua.laichau.gov.vn",
    ),
}


def of_certificates() -> Validator:
    return certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(
            name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS
        ),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )


def of_lists() -> Validator:
    return crl.create_pkix_crl_validator_container(
        [
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [
            crl.create_issuer_validator_container([]),
            crl.create_validity_validator_container([]),
            crl.create_extensions_validator_container([]),
        ],
    )


def of_answers() -> Validator:
    return ocsp.create_pkix_ocsp_response_validator_container(
        [
            ocsp.create_response_decoder(),
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [],
    )


JUDGES = {
    "certificate": (RFC5280CertificateDocumentLoader(), of_certificates()),
    "list": (RFC5280CertificateListDocumentLoader(), of_lists()),
    "answer": (RFC6960OCSPResponseDocumentLoader(), of_answers()),
}


def _is_exception(one: ValidationFindingDescription) -> bool:
    return any(
        one.finding.code == code and says in (one.message or "") for code, says in EXCEPTIONS
    )


def found(kind: str, made: dict[str, bytes]) -> dict[str, list[str]]:
    """Return what pkilint finds above a notice and no exception names, by what it is found in."""
    loader, judge = JUDGES[kind]
    codes = {
        what: [
            one.finding.code
            for result in judge.validate(loader.load_der_document(der, what).root)
            for one in result.finding_descriptions
            if one.finding.severity < Severity.NOTICE and not _is_exception(one)
        ]
        for what, der in made.items()
    }
    return {what: listed for what, listed in codes.items() if listed}


@pytest.fixture
def signer(ca: None) -> SubscriberSigner:
    addresses = Addresses("https://portal.example.gov.vn", "issuing")
    return SubscriberSigner(authority.current_issuer(), addresses=addresses)


def signed(
    signer: SubscriberSigner, kind: str, subject: SubjectName, key: PublicKey, now: datetime
) -> bytes:
    return signer.sign(
        kind,
        subject=subject,
        public_key=key,
        serial=serials.number(serials.new_serial()),
        not_before=now,
        not_after=now + builders.FIVE_YEARS,
    ).public_bytes(Encoding.DER)


def test_every_profile_passes(signer: SubscriberSigner, now: datetime) -> None:
    keys = {"rsa": generate(2048).public_key(), "ec": generate(ec.SECP256R1()).public_key()}
    made = {
        f"{kind}, {family}": signed(signer, kind, SUBJECTS[kind], key, now)
        for kind in PROFILES
        for family, key in keys.items()
    }

    assert found("certificate", made) == {}


def test_what_lacks_something_is_found(ca: None, now: datetime) -> None:
    root = x509.load_der_x509_certificate(bytes(Authority.objects.get(slug="root").certificate))
    bare = (
        x509.CertificateBuilder()
        .issuer_name(root.subject)
        .subject_name(root.subject)
        .public_key(root.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(generate(ec.SECP256R1()), hashes.SHA256())
        .public_bytes(Encoding.DER)
    )

    assert found("certificate", {"bare": bare}).keys() == {"bare"}


@pytest.mark.parametrize("algorithm", ["rsa", "ec"])
@pytest.mark.usefixtures("db", "signing")
def test_what_the_ca_is_made_of_passes(
    settings: Settings, tmp_path: Path, now: datetime, algorithm: str
) -> None:
    settings.CA_ALGORITHM = algorithm
    settings.CA_KEY_DIR, settings.OCSP_KEY_DIR = tmp_path / "ca", tmp_path / "ocsp"
    ceremony.set_up(now=now)
    empty = {f"{one.ca}, empty": bytes(one.der) for one in Crl.objects.all()}
    certificates = [builders.certificate(now=now) for _reason in RevocationReason]
    for one, reason in zip(certificates, RevocationReason, strict=True):
        services.revoke(one, reason, actor=None, now=now)
    rollover.next_root(now=now)
    rollover.next_issuing(issues_from=now + timedelta(days=1), now=now)
    rollover.revoke("issuing-2", RevocationReason.SUPERSEDED, now=now)
    authority.own().publish_crl(now=now)

    lists = {f"{one.ca}, {one.number}": bytes(one.der) for one in Crl.objects.all()}
    own = {
        f"{one.slug} by {one.signed_by}": bytes(one.certificate) for one in Authority.objects.all()
    }
    assert found("list", empty | lists) == {}
    assert found("certificate", own) == {}
    assert own.keys() >= {"root-2 by root-2", "issuing-2 by root", "recovery by issuing"}


def test_every_answer_passes(ca: None, now: datetime) -> None:
    good, revoked, other = (builders.certificate(now=now) for _number in range(3))
    services.revoke(revoked, RevocationReason.KEY_COMPROMISE, actor=None, now=now)
    services.revoke(other, RevocationReason.UNSPECIFIED, actor=None, now=now)
    known = [int(one.serial, 16) for one in (good, revoked, other)]
    asked = {str(serial): question(serial=serial) for serial in (*known, 1)}
    asked["nonce"] = question(serial=known[0], nonce=b"n" * 32)
    asked["several"] = question(serial=known[0], copies=3)
    answers = {what: responder.answer(der, now=now) for what, der in asked.items()}

    assert found("answer", answers) == {}


@pytest.mark.parametrize("kind", list(PROFILES))
def test_no_identity_number_stands_in_a_subject(
    signer: SubscriberSigner, now: datetime, kind: str
) -> None:
    key, subject, number = generate(ec.SECP256R1()).public_key(), SUBJECTS[kind], "012345678901"
    for changed in (
        replace(subject, common_name=f"{subject.common_name} {number}"),
        replace(subject, organisation_levels=("A", f"B-{number}")),
        replace(subject, locality=number),
        replace(subject, email=f"{number}@laichau.gov.vn"),
        replace(subject, tax_code=number),  # a person's tax code is this number
    ):
        with pytest.raises(ValueError, match=r"số định danh|Mã số thuế"):
            signed(signer, kind, changed, key, now)
