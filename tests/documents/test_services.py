"""Keeping documents and signing them: bytes, names, rows."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from portal.ca.models import Certificate
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.documents import checks, responses, services
from portal.documents.models import Document, Signature, SignatureRole
from tests import builders
from tests.documents import small_ca
from tests.documents.conftest import AGENCY, HEAD
from tests.documents.small_ca import NOW

pytestmark = pytest.mark.django_db
PDF = "application/pdf"


def kept(content: bytes = b"content", name: str = "Công văn.pdf") -> Document:
    return services.store(content, name=name, media_type=PDF, now=NOW)


def certificate_of(holder: small_ca.Holder) -> Certificate:
    """A row as the CA would have made it for ``holder``."""
    row = builders.certificate()
    row.der = holder.der
    row.not_before = holder.certificate.not_valid_before_utc
    row.not_after = holder.certificate.not_valid_after_utc
    row.save()
    return row


def sign(
    document: Document, role: SignatureRole, *, holder: small_ca.Holder | None = None
) -> Document:
    holder = holder or small_ca.holder(HEAD if role is SignatureRole.HEAD else AGENCY)
    return services.sign(
        document,
        role=role,
        certificate=certificate_of(holder),
        key=holder.key,
        signed_by=builders.user(Role.HEAD),
        now=NOW,
        chain=[small_ca.root().der],
    )


def codes(refusal: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [violation.code for violation in refusal.value.violations]


def test_what_is_stored_is_read_back() -> None:
    document = kept()

    assert services.read(document) == b"content"
    assert document.size == 7
    assert (
        document.path == f"documents/{document.sha256[:2]}/{document.sha256[2:4]}/{document.sha256}"
    )


def test_only_the_portal_can_read_the_file() -> None:
    path = Path(default_storage.path(kept().path))

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_equal_bytes_lie_there_once() -> None:
    assert kept(name="một.pdf").path == kept(name="hai.pdf").path


def test_a_changed_file_is_told_and_not_used_again() -> None:
    document = kept(b"written whole")
    Path(default_storage.path(document.path)).write_bytes(b"written")

    with pytest.raises(services.Damaged):
        services.read(document)

    assert services.read(kept(b"written whole")) == b"written whole"


def test_a_missing_file_is_told() -> None:
    document = kept(b"soon gone")
    default_storage.delete(document.path)

    with pytest.raises(services.Damaged):
        services.read(document)


def test_an_upload_is_kept_under_a_safe_name(recovery: bytes) -> None:
    document = services.store_upload(SimpleUploadedFile("x/Quét 1.PDF", recovery), now=NOW)

    assert document.name == "Quét 1.pdf"
    assert document.media_type == PDF
    assert services.read(document) == recovery


@pytest.mark.parametrize(
    ("size", "code"),
    [(0, "upload_empty"), (1000, "upload_type_unknown"), (1001, "upload_too_large")],
)
def test_uploads_have_a_size(settings: Settings, size: int, code: str) -> None:
    settings.MAX_UPLOAD_BYTES = 1000

    with pytest.raises(Refused) as refusal:
        services.store_upload(SimpleUploadedFile("a.pdf", b"x" * size), now=NOW)

    assert codes(refusal) == [code]
    assert not Document.objects.exists()


def test_signing_leaves_the_letter_and_makes_a_signed_copy(recovery: bytes) -> None:
    letter = kept(recovery)

    by_head = sign(letter, SignatureRole.HEAD)
    by_both = sign(by_head, SignatureRole.ORGANISATION)

    assert services.read(letter) == recovery
    assert (by_head.original, by_both.original) == (letter, by_head)
    assert by_both.before_signatures == letter
    assert [one.role for one in letter.signatures.all()] == ["head", "organisation"]
    assert [one.signed_copy for one in letter.signatures.all()] == [by_head, by_both]
    assert by_both.name == letter.name


def test_each_role_signs_a_letter_once(recovery: bytes) -> None:
    letter = kept(recovery)
    by_head = sign(letter, SignatureRole.HEAD)

    for document in (letter, by_head):
        with pytest.raises(Refused) as refusal:
            sign(document, SignatureRole.HEAD)
        assert codes(refusal) == ["signed_already"]
    assert Signature.objects.count() == 1


def test_an_expired_certificate_does_not_sign(recovery: bytes) -> None:
    expired = small_ca.holder("Hết hạn", ends=NOW - timedelta(days=1))

    with pytest.raises(Refused) as refusal:
        sign(kept(recovery), SignatureRole.HEAD, holder=expired)

    assert codes(refusal) == ["certificate_not_valid"]


def test_a_foreign_key_does_not_sign(recovery: bytes) -> None:
    mixed = small_ca.Holder(small_ca.holder("Một").certificate, small_ca.holder("Hai").key)

    with pytest.raises(Refused) as refusal:
        sign(kept(recovery), SignatureRole.HEAD, holder=mixed)

    assert codes(refusal) == ["cannot_sign"]
    assert not Signature.objects.exists()


def test_only_a_pdf_is_signed() -> None:
    image = services.store(b"\x89PNG", name="a.png", media_type="image/png", now=NOW)

    with pytest.raises(Refused) as refusal:
        sign(image, SignatureRole.HEAD)

    assert codes(refusal) == ["not_a_pdf"]


def test_a_document_is_handed_out_as_a_download() -> None:
    response = responses.file_response(kept(), as_attachment=True)

    assert response.content == b"content"
    assert response["Content-Type"] == PDF
    assert (
        response["Content-Disposition"] == "attachment; filename*=utf-8''C%C3%B4ng%20v%C4%83n.pdf"
    )
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert response["Cache-Control"] == "private, no-store"


def test_only_a_pdf_is_shown_in_place() -> None:
    sheet = services.store(b"a,b", name="a.csv", media_type="text/html", now=NOW)

    shown = responses.file_response(kept(), as_attachment=False)
    downloaded = responses.file_response(sheet, as_attachment=False)

    assert shown["Content-Disposition"].startswith("inline")
    assert downloaded["Content-Disposition"].startswith("attachment")
    assert "sandbox" in downloaded["Content-Security-Policy"]


def test_the_signature_names_whom_the_certificate_names(recovery: bytes) -> None:
    letter = kept(recovery)
    holder = small_ca.holder(HEAD)

    signed = sign(letter, SignatureRole.HEAD)

    assert HEAD in holder.certificate.subject.rfc4514_string()
    assert x509.load_der_x509_certificate(bytes(letter.signatures.get().certificate.der)) == (
        holder.certificate
    )
    assert services.read(signed) != recovery


def test_the_start_up_checks_know_a_missing_font() -> None:
    assert not checks.has_font(("No Such Font At All",))
    assert list(checks.documents_are_not_public(None)) == []
    for message in checks.what_letters_need(None):
        assert "apt-get install" in str(message.hint)
