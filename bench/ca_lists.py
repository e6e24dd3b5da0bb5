"""C: a revocation list of 10,000 entries from the database, against cryptography's builder."""

from __future__ import annotations

import common

ENTRIES = 10_000


def main() -> None:
    common.boot()
    from datetime import timedelta  # noqa: PLC0415

    from cryptography import x509  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from portal.ca.authority import ceremony, publication  # noqa: PLC0415
    from portal.ca.authority import services as authority  # noqa: PLC0415
    from portal.ca.models import Certificate  # noqa: PLC0415
    from portal.ca.pki import crl  # noqa: PLC0415

    now = timezone.now().replace(microsecond=0)
    authority.open_for_signing()
    ceremony.set_up(now=now)
    _fill(now)
    issuer = authority.current_issuer()
    later = iter(now + hours * publication.CRL_OVERLAP for hours in range(1, 1000))

    def ours() -> None:
        assert publication.publish(issuer, now=next(later)) is not None

    def baseline() -> None:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(now)
            .next_update(now + timedelta(days=1))
            .add_extension(x509.CRLNumber(1), critical=False)
        )
        rows = Certificate.objects.revoked().order_by("pk")
        for serial, at, reason in rows.values_list("serial", "revoked_at", "revocation_reason"):
            entry = x509.RevokedCertificateBuilder().serial_number(int(serial, 16))
            assert at is not None
            entry = entry.revocation_date(at).add_extension(
                x509.CRLReason(crl.REASONS[reason]), critical=False
            )
            builder = builder.add_revoked_certificate(entry.build())
        builder.sign(issuer.key, issuer.hash)

    common.compare(f"C crl_10000_{common.dialect()}", ours, baseline, target=0.3, n=ENTRIES)


def _fill(now: object) -> None:
    """Store certificates that are rows only: a list reads nothing else of them."""
    from datetime import datetime, timedelta  # noqa: PLC0415

    from portal.agencies.models import Agency, Subscriber  # noqa: PLC0415
    from portal.ca.models import Certificate, KeyPair  # noqa: PLC0415
    from portal.ca.pki import crl  # noqa: PLC0415

    assert isinstance(now, datetime)
    agency = Agency.objects.create(name="X", search_name="x", sort_name="x", province="Lai Châu")
    person = Subscriber.objects.create(
        kind="person", name="X", search_name="x", sort_name="x", agency=agency
    )
    key = KeyPair.objects.create(
        storage="soft", algorithm="ec-p256", public_key=b"x", fingerprint="x", made_at=now
    )
    Certificate.objects.bulk_create(
        (
            Certificate(
                serial=f"{number * 922337203685477:016X}",
                kind="person",
                subscriber=person,
                agency=agency,
                key=key,
                common_name="X",
                search_name="x",
                subject="CN=X",
                email="x@laichau.gov.vn",
                not_before=now,
                not_after=now + timedelta(days=1800),
                der=b"x" * 1200,
                thumbprint="x",
                request_key=f"row-{number}",
                issued_at=now,
                revoked_at=now,
                revocation_reason="superseded",
                crl_entry=crl.entry(number * 922337203685477, at=now, reason="superseded"),
            )
            for number in range(1, ENTRIES + 1)
        ),
        batch_size=500,
    )


if __name__ == "__main__":
    main()
