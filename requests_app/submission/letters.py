"""The letter of a dossier: rendered once, frozen, signed by the head, sealed by the clerk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from django.conf import settings
from django.utils import timezone

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.ca.models import Certificate
from portal.ca.register import services as ca
from portal.ca.tokens import services as tokens
from portal.core.rules import Violation, refuse
from portal.documents import letters as paper
from portal.documents import services as documents
from portal.documents.models import Document, SignatureRole
from portal.documents.pieces import Piece
from requests_app import kinds
from requests_app.models import Dossier, SigningMode
from requests_app.submission.letter_content import letter_of
from requests_app.submission.signers import paper_of, violations_of_signing
from requests_app.submission.signing_mode import (
    organisation_certificate,
    organisation_certificates,
    personal_certificate,
    personal_certificates,
)
from requests_app.workflow import Action


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that has been opened with its PIN, and the certificate that goes with it."""

    role: SignatureRole
    certificate: Certificate
    key: PrivateKeyTypes


def is_long(dossier: Dossier) -> bool:
    """Say whether a worker prints the letter, while the page shows how far it is."""
    return bool(dossier.row_count > settings.LETTER_ROWS_AT_ONCE)


def render(dossier: Dossier, *, copies: Iterable[Agency] | None = None) -> bytes:
    """Return the letter as PDF, as it would be frozen now; ``copies`` None: those written down."""
    return paper.render(letter_of(dossier, list(dossier.items.all()), copies=copies))


def print_original(dossier: Dossier, *, copies: Iterable[Agency] | None = None) -> paper.Original:
    """Print the letter that is kept and signed; ``copies`` as of ``render``."""
    return paper.print_original(letter_of(dossier, list(dossier.items.all()), copies=copies))


def render_pieces(dossier: Dossier) -> Iterator[Piece]:
    """Yield the letter as ``render`` has it, a piece at a time; ``pieces.join`` joins them."""
    return paper.render_pieces(letter_of(dossier, list(dossier.items.all())))


def preview_html(dossier: Dossier) -> str:
    """Return the letter as HTML for the screen; of a long one the first rows."""
    rows = list(dossier.items.all()[: settings.LETTER_ROWS_AT_ONCE])
    return paper.render_html(letter_of(dossier, rows, total=dossier.row_count))


def freeze(dossier: Dossier, original: paper.Original, *, now: datetime) -> Document:
    """Keep the rendered letter; what is signed later is exactly this. The caller saves."""
    document = documents.store_letter(original, name=file_name(dossier), now=now)
    dossier.letter = document
    dossier.signed_letter = None
    return document


def file_name(dossier: Dossier) -> str:
    """Return a name as clerks give it: "CV" for a letter, "BB" for minutes, form and number."""
    number = dossier.letter_number.replace("/", "-") or "chua-co-so"
    kind = kinds.get(dossier.kind)
    sort = "BB" if kind.kind_of_document else "CV"
    return f"{sort}-mau-{kind.number}-{number}.pdf"


def violations_before_head_signs(
    dossier: Dossier, *, actor: User | None, now: datetime
) -> list[Violation]:
    """Return what keeps the letter from being signed: it is not frozen, its scan is missing, or
    it is another's to sign."""
    if dossier.letter_id is None:
        return [
            Violation(
                "letter_not_ready",
                "Văn bản đang được lập vì danh sách dài.",
                way_out="Chờ một vài phút rồi tải lại trang.",
            )
        ]
    if dossier.signing_mode == SigningMode.INK and not (
        dossier.attachments.filter(kind="signed_scan", is_current=True).exists()
    ):
        return [
            Violation(
                "no_signed_scan",
                "Chưa đính kèm bản quét văn bản đã ký tay và đóng dấu.",
                "Nghị định 30/2020/NĐ-CP",
                way_out="Văn thư in, trình ký, đóng dấu, quét và đính kèm trước khi xác nhận.",
            )
        ]
    paper = paper_of(kinds.get(dossier.kind).number)
    return violations_of_signing(dossier, paper, actor=actor, on=timezone.localdate(now))


def unlock(
    dossier: Dossier, action: Action, *, actor: User, pin: str, now: datetime
) -> Signer | None:
    """Open the key the step signs with; None where the letter is signed in ink.

    Raises Refused when there is no certificate to sign with, and what ``tokens.unlock`` raises.
    """
    if dossier.signing_mode != SigningMode.DIGITAL:
        return None
    return open_key(role_of(action), agency=dossier.agency, actor=actor, pin=pin, now=now)


def role_of(action: Action) -> SignatureRole:
    """Return whose signature a step puts: the head signs, the clerk seals."""
    return SignatureRole.HEAD if action == Action.SIGN else SignatureRole.ORGANISATION


def open_key(
    role: SignatureRole, *, agency: Agency, actor: User, pin: str, now: datetime
) -> Signer:
    """Open the actor's own key, or with ``role`` ORGANISATION the body's; raises as ``unlock``."""
    is_head = role == SignatureRole.HEAD
    certificate = (
        personal_certificate(actor, now=now, is_virtual=True)
        if is_head
        else organisation_certificate(agency, now=now, is_virtual=True)
    )
    if certificate is None:
        if signers_of(role, agency=agency, actor=actor, now=now):
            raise refuse(
                "sign_with_the_device",
                "Thiết bị lưu khóa nằm ở máy của anh/chị: hệ thống không ký thay được.",
                way_out="Tải văn bản về, ký bằng phần mềm của thiết bị rồi nộp tệp đã ký.",
            )
        raise refuse(
            "no_certificate_to_sign",
            "Không có chứng thư còn hiệu lực với thiết bị đang giữ để ký."
            if is_head
            else "Đơn vị không có chứng thư cơ quan còn hiệu lực với thiết bị đang giữ.",
            way_out="Lấy lại để sửa rồi trình ký lại: hệ thống sẽ tính lại hình thức ký.",
        )
    return Signer(role, certificate, tokens.unlock(certificate.key, pin, now=now, actor=actor))


def has_virtual_key(role: SignatureRole, *, agency: Agency, actor: User, now: datetime) -> bool:
    """Say whether a PIN typed here opens a key that may sign for ``role``."""
    found = signers_of(role, agency=agency, actor=actor, now=now)
    return any(hasattr(one.key, "token") for one in found)


def signers_of(
    role: SignatureRole, *, agency: Agency, actor: User, now: datetime
) -> list[Certificate]:
    """Return the certificates that may sign for ``role``: the actor's own, or the body's."""
    if role == SignatureRole.HEAD:
        return personal_certificates(actor, now=now)
    return organisation_certificates(agency, now=now)


def check_signed(
    document: Document | None,
    pdf: bytes,
    *,
    mode: str,
    role: SignatureRole,
    agency: Agency,
    actor: User,
    now: datetime,
) -> documents.SignedElsewhere:
    """Check a letter of ``agency`` that came back signed with the device's own software.

    Raises Refused: the letter is signed in ink, it is not the frozen one, or the signature is not
    one for ``role``.
    """
    if document is None or mode != SigningMode.DIGITAL:
        raise refuse(
            "letter_signed_in_ink",
            "Văn bản này ký giấy: không nhận tệp ký số ở bước này.",
            way_out="Bỏ chọn tệp. Nộp bản quét văn bản đã ký, hoặc rút lại trình ký rồi trình lại "
            "khi người ký và đơn vị đã có chứng thư.",
        )
    return documents.check_signed(
        document,
        pdf,
        role=role,
        signers=signers_of(role, agency=agency, actor=actor, now=now),
        now=now,
    )


def sign(dossier: Dossier, signer: Signer, *, actor: User, now: datetime) -> Document:
    """Put one signature on the letter and keep the result; the caller saves the dossier."""
    original = dossier.signed_letter or dossier.letter
    assert original is not None
    signed = documents.sign(
        original,
        role=signer.role,
        certificate=signer.certificate,
        key=signer.key,
        signed_by=actor,
        now=now,
        chain=ca.chain(),
    )
    dossier.signed_letter = signed
    return signed
