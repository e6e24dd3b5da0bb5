"""Revoking, and the list that tells of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from cryptography import x509
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.audit.models import AuditEntry
from portal.ca.authority import publication
from portal.ca.authority import services as authority
from portal.ca.models import Certificate, Crl, RevocationReason
from portal.ca.pki import crl
from portal.ca.register import services
from portal.core.roles import Role
from portal.core.rules import Refused
from tests.ca import builders

pytestmark = pytest.mark.usefixtures("ca")

SUPERSEDED = RevocationReason.SUPERSEDED


def published(number: int) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl(bytes(Crl.objects.get(ca="issuing", number=number).der))


def serials(number: int) -> set[str]:
    return {f"{entry.serial_number:016X}" for entry in published(number)}


def is_signed_by_the_ca(published: x509.CertificateRevocationList) -> bool:
    return published.is_signature_valid(authority.current_issuer().key.public_key())


def test_the_first_list_is_published_at_set_up_and_is_empty() -> None:
    first = published(1)

    assert len(first) == 0
    assert first.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 1
    assert is_signed_by_the_ca(first)


def test_a_revocation_is_on_the_next_list_with_its_moment_and_reason(now: datetime) -> None:
    certificate = builders.certificate(now=now, serial="000000000000A0B1")
    services.revoke(certificate, RevocationReason.KEY_COMPROMISE, actor=None, now=now)

    services.publish_crl(now=now)

    entry = published(2).get_revoked_certificate_by_serial_number(0xA0B1)
    assert entry is not None
    assert entry.revocation_date_utc == now.replace(microsecond=0)
    reason = entry.extensions.get_extension_for_class(x509.CRLReason).value
    assert reason.reason == x509.ReasonFlags.key_compromise
    assert is_signed_by_the_ca(published(2))


@pytest.mark.parametrize("reason", RevocationReason)
def test_an_entry_is_what_the_library_would_write(reason: str, now: datetime) -> None:
    for serial in (1, 0x7F, 0x80, 2**63 - 1):
        builder = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now)
        if reason in crl.REASONS:
            builder = builder.add_extension(x509.CRLReason(crl.REASONS[reason]), critical=False)
        issuer = authority.current_issuer()
        theirs = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(now)
            .next_update(now + timedelta(days=1))
            .add_revoked_certificate(builder.build())
            .sign(issuer.key, issuer.hash)
        )

        assert crl.entry(serial, at=now, reason=reason) in theirs.tbs_certlist_bytes


@pytest.mark.parametrize("entries", [0, 3, 400])
def test_a_list_is_what_the_library_would_write(entries: int, now: datetime) -> None:
    issuer = authority.current_issuer()
    own = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now)
        .next_update(now + timedelta(days=30 * 365))  # beyond 2049: GeneralizedTime
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own.value),
            critical=False,
        )
        .add_extension(x509.CRLNumber(7), critical=False)
    )
    for serial in range(1, entries + 1):
        revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now)
        builder = builder.add_revoked_certificate(revoked.build())

    ours = crl.build(
        issuer,
        number=7,
        this_update=now,
        next_update=now + timedelta(days=30 * 365),
        entries=[
            crl.entry(serial, at=now, reason="unspecified") for serial in range(1, entries + 1)
        ],
    )

    theirs = builder.sign(issuer.key, issuer.hash)
    assert x509.load_der_x509_crl(ours).tbs_certlist_bytes == theirs.tbs_certlist_bytes


def test_revoking_leaves_an_entry_in_the_audit(now: datetime) -> None:
    body = builders.agency()
    operator = builders.user(Role.CA_OPERATOR, agency=body)
    certificate = builders.certificate(now=now, agency=body)

    services.revoke(certificate, SUPERSEDED, actor=operator, now=now)

    entry = AuditEntry.objects.get(action="certificate.revoke")
    assert entry.target_uuid == certificate.uuid
    assert entry.agency_uuid == body.uuid
    assert entry.actor_uuid == operator.uuid
    assert entry.data == {"serial": certificate.serial, "reason": "superseded"}


def test_a_certificate_is_revoked_once(now: datetime) -> None:
    certificate = builders.certificate(now=now)
    services.revoke(certificate, SUPERSEDED, actor=None, now=now)

    with pytest.raises(Refused) as refusal:
        services.revoke(
            certificate, RevocationReason.KEY_COMPROMISE, actor=None, now=now + timedelta(days=1)
        )

    assert refusal.value.violations[0].code == "revoked_already"
    certificate.refresh_from_db()
    assert certificate.revocation_reason == SUPERSEDED


def test_no_list_is_published_when_nothing_happened(now: datetime) -> None:
    assert services.publish_crl(now=now + timedelta(hours=1)) is None
    assert Crl.objects.filter(ca="issuing").count() == 1


def test_a_list_is_replaced_well_before_it_ends(now: datetime) -> None:
    late = now + publication.CRL_LIFETIME - publication.CRL_OVERLAP

    replaced = services.publish_crl(now=late)

    assert replaced is not None
    assert replaced.number == 2
    assert services.publish_crl(now=late) is None


def test_a_revocation_committed_late_is_not_forgotten(now: datetime) -> None:
    """A slow transaction may carry a moment before the list that could not yet see it."""
    certificate = builders.certificate(now=now)
    services.revoke(certificate, SUPERSEDED, actor=None, now=now - timedelta(minutes=5))

    services.publish_crl(now=now)

    assert serials(2) == {certificate.serial}


def test_an_expired_entry_leaves_after_one_list_past_its_end(now: datetime) -> None:
    short = builders.certificate(now=now, valid_for=timedelta(days=2))
    long = builders.certificate(now=now)
    for certificate in (short, long):
        services.revoke(certificate, SUPERSEDED, actor=None, now=now)

    for days in (1, 2, 3):
        assert services.publish_crl(now=now + timedelta(days=days)) is not None

    assert serials(2) == {short.serial, long.serial}
    assert serials(3) == {short.serial, long.serial}  # the one list past its end
    assert serials(4) == {long.serial}


def test_a_certificate_revoked_after_its_end_is_on_one_list(now: datetime) -> None:
    certificate = builders.certificate(now=now, valid_for=timedelta(days=1))
    services.publish_crl(now=now + timedelta(days=2))
    services.revoke(certificate, SUPERSEDED, actor=None, now=now + timedelta(days=2))

    services.publish_crl(now=now + timedelta(days=2, minutes=1))
    services.publish_crl(now=now + timedelta(days=3))

    assert serials(3) == {certificate.serial}
    assert serials(4) == set()


def test_old_lists_keep_their_row_and_lose_their_bytes(now: datetime) -> None:
    for day in range(1, publication.LISTS_KEPT + 3):
        services.publish_crl(now=now + timedelta(days=day))

    lists = Crl.objects.filter(ca="issuing")
    kept = [number for number, der in lists.values_list("number", "der") if bytes(der)]
    assert lists.count() == publication.LISTS_KEPT + 3
    assert len(kept) == publication.LISTS_KEPT


def test_the_list_remembers_which_revocations_it_told_first(now: datetime) -> None:
    certificate = builders.certificate(now=now)
    services.revoke(certificate, SUPERSEDED, actor=None, now=now)

    services.publish_crl(now=now)

    assert Certificate.objects.get().crl_number == 2


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_publish_one_list(now: datetime) -> None:
    services.revoke(builders.certificate(now=now), SUPERSEDED, actor=None, now=now)
    ready = Barrier(2)

    def publish(_worker: int) -> bool:
        ready.wait()
        try:
            return services.publish_crl(now=now + timedelta(seconds=30)) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(publish, range(2)))

    assert outcomes == [False, True]
    assert Crl.objects.filter(ca="issuing").count() == 2


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_revoke_once(now: datetime) -> None:
    certificate = builders.certificate(now=now)
    ready = Barrier(2)

    def revoke(reason: RevocationReason) -> str:
        ready.wait()
        try:
            services.revoke(certificate, reason, actor=None, now=now)
        except Refused as refusal:
            return refusal.violations[0].code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(revoke, [SUPERSEDED, RevocationReason.CESSATION]))

    assert outcomes == ["done", "revoked_already"]
    assert AuditEntry.objects.filter(action="certificate.revoke").count() == 1


def test_many_are_revoked_at_once_each_for_its_reason(now: datetime) -> None:
    first, second = builders.certificate(now=now), builders.certificate(now=now)
    reasons = {first.pk: SUPERSEDED, second.pk: RevocationReason.KEY_COMPROMISE}

    revoked = services.revoke_many([first, second], reasons, actor=None, now=now)
    services.publish_crl(now=now)

    assert {one.serial: one.revocation_reason for one in revoked} == {
        first.serial: SUPERSEDED,
        second.serial: RevocationReason.KEY_COMPROMISE,
    }
    assert serials(2) == {first.serial, second.serial}


def test_what_was_revoked_before_keeps_its_moment_and_reason(now: datetime) -> None:
    before, standing = builders.certificate(now=now), builders.certificate(now=now)
    services.revoke(before, SUPERSEDED, actor=None, now=now)
    later = now + timedelta(days=1)
    reasons = dict.fromkeys((before.pk, standing.pk), RevocationReason.CESSATION)

    revoked = services.revoke_many([before, standing], reasons, actor=None, now=later)

    assert revoked == [standing]
    before.refresh_from_db()
    assert (before.revoked_at, before.revocation_reason) == (now, SUPERSEDED)


def test_nothing_left_to_revoke_leaves_no_entry(now: datetime) -> None:
    certificate = builders.certificate(now=now)
    services.revoke(certificate, SUPERSEDED, actor=None, now=now)
    entries = AuditEntry.objects.count()

    assert (
        services.revoke_many([certificate], {certificate.pk: SUPERSEDED}, actor=None, now=now) == []
    )
    assert AuditEntry.objects.count() == entries


def test_each_body_finds_its_own_revocations_in_the_record(now: datetime) -> None:
    mine = builders.certificate(now=now)
    theirs = builders.certificate(now=now, agency=builders.agency("UBND xã Mường Than"))
    reasons = dict.fromkeys((mine.pk, theirs.pk), SUPERSEDED)

    services.revoke_many([mine, theirs], reasons, actor=None, now=now)

    entry = AuditEntry.objects.get(action="certificate.revoke", agency_uuid=mine.agency.uuid)
    assert entry.data == {"reasons": {mine.serial: "superseded"}}
    assert entry.target_uuid == mine.uuid


def test_revoking_many_takes_as_many_statements_as_revoking_one(now: datetime) -> None:
    agency = builders.certificate(now=now).agency
    counts = []
    for many in (1, 30):
        made = [builders.certificate(now=now, agency=agency) for _ in range(many)]
        reasons = dict.fromkeys((one.pk for one in made), SUPERSEDED)
        with CaptureQueriesContext(connection) as queries:
            services.revoke_many(made, reasons, actor=None, now=now)
        counts.append(len(queries))

    assert counts[0] == counts[1]
