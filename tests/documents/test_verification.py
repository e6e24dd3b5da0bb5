"""Checking signatures: each thing that can be wrong is found, and named."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from io import BytesIO

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from portal.documents import verification
from portal.documents.roles import SignatureRole
from portal.documents.verification import Frozen, Registered, SignatureReport
from tests.documents import outside, small_ca
from tests.documents.conftest import AGENCY, HEAD, signed
from tests.documents.small_ca import NOW

LATER = NOW + timedelta(days=1)


def check(
    pdf: bytes,
    *,
    frozen: bytes | None = None,
    trust: small_ca.Holder | None = None,
    now: datetime = LATER,
    revoked_at: datetime | None = None,
    kept_at: datetime | None = None,
) -> list[SignatureReport]:
    return verification.verify(
        pdf,
        trust=[(trust or small_ca.root()).der],
        now=now,
        register=register(revoked_at),
        kept_at=kept_at,
        frozen=Frozen(hashlib.sha256(frozen).hexdigest(), len(frozen)) if frozen else None,
    )


def register(revoked_at: datetime | None = None) -> verification.Register:
    """The register of one body: its head and itself; nobody else is in it."""
    body = Registered(SignatureRole.ORGANISATION, 1, AGENCY, revoked_at)
    known = {
        small_ca.holder(AGENCY).der: body,
        small_ca.holder(HEAD).der: body._replace(role=SignatureRole.HEAD),
    }
    return lambda ders: {der: known[der] for der in ders if der in known}


def problems(reports: list[SignatureReport]) -> list[list[str]]:
    return [list(report.problems) for report in reports]


def test_two_signatures_on_the_frozen_letter_stand(recovery: bytes, signed_by_both: bytes) -> None:
    head, agency = check(signed_by_both, frozen=recovery)

    assert (head.problems, agency.problems) == ((), ())
    assert (head.role, agency.role) == (SignatureRole.HEAD, SignatureRole.ORGANISATION)
    assert (head.signer, agency.signer) == (HEAD, AGENCY)
    assert (head.covers_whole_file, agency.covers_whole_file) == (False, True)
    assert head.signed_at == NOW
    assert head.is_frozen_letter
    assert head.certificate_der == small_ca.holder(HEAD).der
    assert head.serial == f"{small_ca.holder(HEAD).certificate.serial_number:016X}"


def test_the_summary_is_a_vietnamese_sentence(signed_by_head: bytes) -> None:
    (head,) = check(signed_by_head)
    (distrusted,) = check(signed_by_head, trust=small_ca.root("CA khác"))

    assert head.summary == (
        "Người có thẩm quyền – Lò Văn Thắng: hợp lệ, ký lúc 09:00:00 20/11/2026 (theo bên ký)."
    )
    assert distrusted.summary == (
        "Người có thẩm quyền – Lò Văn Thắng: KHÔNG hợp lệ "
        "(chứng thư không do tổ chức được tin cậy cấp)."
    )


def test_an_unsigned_letter_has_no_signatures(recovery: bytes) -> None:
    assert check(recovery) == []


def test_what_is_no_pdf_cannot_be_checked() -> None:
    with pytest.raises(verification.Unreadable):
        check(b"%PDF-1.7 and nothing else")


def test_a_changed_byte_breaks_both_signatures(recovery: bytes, signed_by_both: bytes) -> None:
    place = recovery.index(b"endstream") - 40
    changed = bytearray(signed_by_both)
    changed[place] ^= 1

    found = problems(check(bytes(changed), frozen=recovery))

    assert all("not_intact" in codes for codes in found)
    assert all("not_the_frozen_letter" in codes for codes in found)


def test_a_page_replaced_after_signing_is_found(signed_by_both: bytes) -> None:
    assert problems(check(_with_another_page(signed_by_both))) == [
        ["changed_after"],
        ["changed_after"],
    ]


def test_a_page_replaced_before_signing_is_not_the_frozen_letter(recovery: bytes) -> None:
    forged = signed(_with_another_page(recovery), SignatureRole.HEAD)

    assert forged.startswith(recovery)
    assert problems(check(forged, frozen=recovery)) == [["not_the_frozen_letter"]]


def test_another_letter_is_not_the_frozen_letter(signed_by_head: bytes, refusal: bytes) -> None:
    assert problems(check(signed_by_head, frozen=refusal)) == [["not_the_frozen_letter"]]


def _with_another_page(pdf: bytes) -> bytes:
    """Return ``pdf`` with an incremental update that empties its first page."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b""))
    writer.update_container(page)
    changed = BytesIO()
    writer.write(changed)  # type: ignore[no-untyped-call]
    return changed.getvalue()


def test_a_certificate_of_another_ca_is_not_trusted(signed_by_head: bytes) -> None:
    assert problems(check(signed_by_head, trust=small_ca.root("CA khác"))) == [["not_trusted"]]


@pytest.mark.parametrize(
    ("revoked", "expected"),
    [
        (NOW - timedelta(seconds=1), ["revoked_at_signing"]),
        (NOW, ["revoked_at_signing"]),
        (NOW + timedelta(seconds=1), []),
    ],
)
def test_a_revocation_counts_from_its_moment_on(
    signed_by_head: bytes, revoked: datetime, expected: list[str]
) -> None:
    (report,) = check(signed_by_head, revoked_at=revoked, kept_at=NOW)

    assert list(report.problems) == expected
    assert report.revoked_since == revoked


def test_a_certificate_that_had_expired_does_not_sign(recovery: bytes) -> None:
    expired = small_ca.holder("Hết hạn", ends=NOW - timedelta(days=1))

    (report,) = check(signed(recovery, SignatureRole.HEAD, by=expired))

    assert "expired_at_signing" in report.problems


def test_the_signers_clock_proves_nothing_of_a_key_revoked_since(signed_by_head: bytes) -> None:
    (report,) = check(signed_by_head, revoked_at=NOW + timedelta(seconds=1))

    assert report.problems == ("time_unproved",)


def test_the_signers_clock_proves_nothing_of_a_key_expired_since(recovery: bytes) -> None:
    short = small_ca.holder("Sắp hết hạn", ends=NOW + timedelta(hours=1))

    (report,) = check(outside.sign(recovery, short))

    assert report.problems == ("time_unproved",)


def test_a_certificate_may_expire_after_what_it_signed_was_kept(recovery: bytes) -> None:
    short = small_ca.holder("Sắp hết hạn", ends=NOW + timedelta(hours=1))

    (report,) = check(outside.sign(recovery, short), kept_at=NOW + timedelta(minutes=1))

    assert report.problems == ()
    assert report.expired_since == NOW + timedelta(hours=1)
    assert "Chứng thư hết hạn sau khi ký." in report.summary


def test_a_time_in_the_future_is_not_believed(signed_by_head: bytes) -> None:
    (report,) = check(signed_by_head, now=NOW - timedelta(minutes=6))

    assert "time_in_future" in report.problems
