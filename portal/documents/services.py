"""Keeping documents and signing them."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any, NamedTuple

from cryptography import x509
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from portal.accounts.models import User
from portal.agencies.models import Signer, SubscriberKind
from portal.audit.services import Act, record
from portal.ca.authority.anchors import trusted_certificates
from portal.ca.models import Certificate
from portal.core.rules import Refused, Violation, refuse
from portal.core.sealed_files import Altered
from portal.core.text.names import in_proper_letters
from portal.documents import codes, signing, uploads
from portal.documents.lasting import AHEAD, Lasting, Stamping, stamping, with_stamp
from portal.documents.letters import Original
from portal.documents.models import Document, LetterCode, Signature, SignatureRole
from portal.documents.verification import (
    Encrypted,
    Frozen,
    Registered,
    SignatureReport,
    TooHeavy,
    Unreadable,
    verify,
)

logger = logging.getLogger(__name__)
_AT_ONCE = 10
_PUT_OFF = timedelta(days=1)  # a file in hand, or one that cannot be stamped
PDF = uploads.PDF.media_type
_ENDINGS = {
    kind.media_type: kind for kind in (uploads.PDF, uploads.PNG, uploads.JPEG, uploads.XLSX)
}


class Damaged(Exception):
    """The stored bytes are gone or are not those that were stored."""

    def __init__(self, document: Document, how: str) -> None:
        super().__init__(f"document {document.uuid} {how}")
        self.document = document
        self.how = how


def store(
    content: bytes,
    *,
    name: str,
    media_type: str,
    now: datetime,
    original: Document | None = None,
    lasting: Lasting | None = None,
) -> Document:
    """Keep ``content`` under its SHA-256 and return its document; equal bytes lie there once.

    ``lasting``: it is a signed PDF, and this is how its time stamps stand.
    """
    digest = hashlib.sha256(content).hexdigest()
    path = f"documents/{digest[:2]}/{digest[2:4]}/{digest}"
    is_whole = False
    if default_storage.exists(path):
        with suppress(Altered), default_storage.open(path) as file:
            is_whole = hashlib.sha256(file.read()).hexdigest() == digest
    if not is_whole:
        # Where a write was cut off, the storage gives the whole one a name of its own.
        path = default_storage.save(path, ContentFile(content))
    kind = _ENDINGS.get(media_type)
    return Document.objects.create(
        name=uploads.safe_name(name, kind) if kind else name,
        media_type=media_type,
        size=len(content),
        sha256=digest,
        path=path,
        original=original,
        created_at=now,
        stamped_at=lasting.stamped_at if lasting else None,
        stamped_until=lasting.stamped_until if lasting else None,
        stamp_due_at=lasting.due_at(now) if lasting else None,
    )


@transaction.atomic
def store_letter(original: Original, *, name: str, now: datetime) -> Document:
    """Keep a printed letter, and what its short code tells."""
    document = store(original.pdf, name=name, media_type=PDF, now=now)
    letter = original.letter
    LetterCode.objects.create(
        code=letter.code,
        document=document,
        body=in_proper_letters(letter.agency),
        number=letter.number,
        day=letter.day,
    )
    return document


def letter_by_code(typed: str) -> LetterCode | None:
    """Return what is told of a letter by its short code; None for a code that was never printed.

    One look into the index, for whatever was typed.
    """
    found = LetterCode.objects.filter(code=codes.normalised(typed))
    return found.select_related("document").first()


def read(document: Document) -> bytes:
    """Return the document's bytes, with the time stamps put since; raise Damaged as below."""
    return read_as_stored(document.stamped_copy or document)


def read_as_stored(document: Document) -> bytes:
    """Return the document's bytes as they were stored; raise Damaged when they are not those."""
    try:
        with default_storage.open(document.path) as file:
            content: bytes = file.read()
    except FileNotFoundError as error:
        raise Damaged(document, "is missing") from error
    except Altered as error:
        raise Damaged(document, "was changed") from error
    except OSError as error:
        raise Damaged(document, "cannot be read") from error
    if hashlib.sha256(content).hexdigest() != document.sha256:
        raise Damaged(document, "was changed")
    return content


@transaction.atomic
def record_damage(damaged: Damaged, *, actor: User | None, now: datetime) -> None:
    """Leave a line in the log and an entry in the audit: somebody asked for a damaged document."""
    logger.error("%s", damaged)
    act = Act(
        action="document.damaged",
        target_type="document",
        target_uuid=damaged.document.uuid,
        data={"how": damaged.how},
    )
    record(act, actor=actor, now=now)


def store_upload(
    uploaded_file: UploadedFile[Any], *, now: datetime, is_signed_paper: bool = False
) -> Document:
    """Keep a file somebody sent; raise Refused when it is too large or of no allowed kind.

    ``is_signed_paper``: it is handed in as signed. A picture of ink says nothing to a machine;
    where the file bears electronic signatures, each of them has to stand.
    """
    most = settings.MAX_UPLOAD_BYTES
    content = uploaded_file.read(most + 1)
    if len(content) > most:
        raise refuse(
            "upload_too_large",
            _("Tệp lớn hơn %(most)d MB.") % {"most": most // (1024 * 1024)},
            way_out=_("Quét ở độ phân giải thấp hơn hoặc chia nhỏ tệp."),
        )
    if not content:
        raise refuse("upload_empty", _("Tệp rỗng."), way_out=_("Chọn lại tệp."))
    kind = uploads.check(content)
    lasting = None
    if is_signed_paper and kind is uploads.PDF and uploads.claims_signature(content):
        require_valid(signatures_on(content, now=now))
        lasting = with_stamp(content, now=now, by=stamping(now))
        content = lasting.pdf
    name = uploads.safe_name(uploaded_file.name or "", kind)
    return store(content, name=name, media_type=kind.media_type, now=now, lasting=lasting)


def signatures_on(
    pdf: bytes, *, now: datetime, frozen: Frozen | None = None
) -> list[SignatureReport]:
    """Return a report on each signature of ``pdf``, by the trust anchors and the register.

    Raises Refused when the file cannot be looked at.
    """
    kept = Document.objects.filter(sha256=hashlib.sha256(pdf).hexdigest()).order_by("created_at")
    try:
        return verify(
            pdf,
            trust=trusted_certificates(),
            now=now,
            register=registered,
            frozen=frozen,
            kept_at=kept.values_list("created_at", flat=True).first(),
        )
    except TooHeavy as error:
        raise refuse("upload_too_heavy", _("Tệp PDF quá nặng để kiểm tra chữ ký.")) from error
    except Encrypted as error:
        raise refuse(
            "upload_is_encrypted",
            _("Tệp PDF được đặt mật khẩu."),
            way_out=_("Bỏ mật khẩu trước khi ký."),
        ) from error
    except Unreadable as error:
        raise refuse(
            "upload_unreadable",
            _("Không đọc được chữ ký của tệp PDF: tệp hỏng hoặc bị thay đổi sau khi ký."),
            way_out=_("Lấy lại tệp gốc do phần mềm ký ghi ra."),
        ) from error


def require_valid(reports: Sequence[SignatureReport]) -> None:
    """Raise Refused with every signature that does not stand; where there is none, with that."""
    if not reports:
        raise refuse(
            "not_signed",
            _("Tệp PDF này không có chữ ký số nào."),
            way_out=_("Chọn tệp do phần mềm ký ghi ra, không phải bản in lại."),
        )
    if bad := [one for one in reports if not one.is_valid]:
        raise Refused(*(Violation("signature_not_valid", one.summary) for one in bad))


def registered(ders: Sequence[bytes]) -> dict[bytes, Registered]:
    """Return what the register knows of certificates (DER), in two queries."""
    prints = {hashlib.sha256(der).hexdigest(): der for der in ders}
    found = Certificate.objects.filter(thumbprint__in=prints).select_related("agency")
    roles = {
        SubscriberKind.PERSON: SignatureRole.HEAD,
        SubscriberKind.ORGANISATION: SignatureRole.ORGANISATION,
    }
    certificates = list(found.defer("der", "crl_entry"))
    signers = Signer.objects.filter(agency__in={one.agency_id for one in certificates})
    standing = list(signers.order_by("pk"))
    return {
        prints[one.thumbprint]: Registered(
            roles.get(SubscriberKind(one.kind)),
            one.agency_id,
            one.agency.name,
            one.revoked_at,
            _authority_of(
                one, [signer for signer in standing if signer.agency_id == one.agency_id]
            ),
        )
        for one in certificates
    }


def _authority_of(
    certificate: Certificate, signers: Sequence[Signer]
) -> list[tuple[date, date | None]] | None:
    """Return the days on which its holder may sign for the body; before the first record any."""
    if not signers:
        return None
    first = min(one.valid_from for one in signers)
    own = [one for one in signers if one.person_id == certificate.subscriber_id]
    return [(date.min, first), *((one.valid_from, one.valid_until) for one in own)]


class SignedElsewhere(NamedTuple):
    """A document that came back signed once more with other software, and was found good."""

    document: Document
    lasting: Lasting
    role: SignatureRole
    certificate: Certificate
    signed_at: datetime


def check_signed(
    document: Document,
    pdf: bytes,
    *,
    role: SignatureRole,
    signers: Iterable[Certificate],
    now: datetime,
) -> SignedElsewhere:
    """Check ``pdf``, which is ``document`` signed once more with other software.

    It begins with the very bytes of ``document``; its last signature is made with one of
    ``signers`` and stands, as do those before it. What makes it last is added as a further
    revision. It takes long: no row is to be locked meanwhile.
    Raises Refused.
    """
    letter = document.before_signatures
    if letter.signatures.filter(role=role).exists():
        raise _signed_already(role)
    uploads.check(pdf)
    if not pdf.startswith(read_as_stored(document)):
        raise refuse(
            "not_the_frozen_letter",
            _("Tệp không phải bản đã trình ký, hoặc đã bị phần mềm khác ghi lại."),
            way_out=_(
                "Tải lại văn bản từ trang này, mở bằng phần mềm ký số và ký ngay; không in ra PDF, "
                "không “Lưu thành” (Save As) trước khi ký. Ghi tệp đã ký rồi nộp đúng tệp đó."
            ),
        )
    original = read(letter)
    reader = PdfFileReader(BytesIO(original))
    places = [place for one in SignatureRole if (place := signing.find_place(reader, one))]
    frozen = Frozen(letter.sha256, letter.size, places)
    reports = signatures_on(pdf, now=now, frozen=frozen)
    require_valid(reports)
    if len(reports) != letter.signatures.count() + 1:
        raise refuse(
            "wrong_number_of_signatures",
            _("Tệp phải có thêm đúng một chữ ký số."),
            way_out=_("Tải lại văn bản, ký một lần rồi nộp."),
        )
    by_thumbprint = {one.thumbprint: one for one in signers}
    report = reports[-1]
    certificate = by_thumbprint.get(hashlib.sha256(report.certificate_der).hexdigest())
    if certificate is None:
        raise refuse(
            "not_an_authorised_signer",
            _("%(signer)s (chứng thư %(serial)s) không phải chứng thư của bên phải ký ở bước này.")
            % {"signer": report.signer, "serial": report.serial},
            way_out=_("Ký bằng chứng thư cá nhân của chính anh/chị.")
            if role is SignatureRole.HEAD
            else _("Ký bằng chứng thư của cơ quan."),
        )
    assert report.signed_at is not None
    lasting = with_stamp(pdf, now=now, by=stamping(now))
    return SignedElsewhere(document, lasting, role, certificate, min(report.signed_at, now))


@transaction.atomic
def keep_signed(signed: SignedElsewhere, *, signed_by: User, now: datetime) -> Document:
    """Keep what ``check_signed`` found good as the signed copy of its document.

    The caller makes sure that the document is still the one to sign, and writes the audit entry of
    its step. Raises Refused: that role has signed meanwhile.
    """
    return _keep_signed_copy(
        signed.document,
        signed.lasting,
        role=signed.role,
        certificate=signed.certificate,
        signed_by=signed_by,
        signed_at=signed.signed_at,
        now=now,
    )


@transaction.atomic
def sign(
    document: Document,
    *,
    role: SignatureRole,
    certificate: Certificate,
    key: Any,
    signed_by: User,
    now: datetime,
    chain: Sequence[bytes] = (),
    number: str = "",
) -> Document:
    """Return a signed copy of ``document``; the caller writes the audit entry of its step.

    ``key`` is the unlocked private key of ``certificate``, ``chain`` the CA certificates (DER) that
    go into the signature. What makes it last is added; where no authority stamps now, the sweep
    does that later. Raises Refused when the role has signed, the certificate is not valid at
    ``now`` or the key is not its own.
    """
    letter = document.before_signatures
    if letter.media_type != PDF:
        raise refuse("not_a_pdf", _("Chỉ ký số được văn bản PDF."))
    if letter.signatures.filter(role=role).exists():
        raise _signed_already(role)
    if not certificate.is_valid(now):
        raise refuse(
            "certificate_not_valid",
            _("Chứng thư %(serial)s đã hết hạn hoặc bị thu hồi.") % {"serial": certificate.serial},
            way_out=_("Ký bằng chứng thư còn hiệu lực."),
        )
    # The name inside the certificate: what the signature says is what it proves.
    subject = x509.load_der_x509_certificate(bytes(certificate.der)).subject
    names = subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    by = stamping(now)
    try:
        pdf = signing.sign_pdf(
            read(document),
            key=key,
            certificate_der=bytes(certificate.der),
            chain=chain,
            role=role,
            signer_name=str(names[0].value) if names else certificate.common_name,
            reason=_REASONS[role],
            now=now,
            number=number,
            timestamper=by.timestamper if by else None,
        )
    except signing.CannotSign as error:
        raise refuse(
            "cannot_sign",
            _("Không ký được văn bản bằng chứng thư này."),
            way_out=_("Kiểm tra thiết bị lưu khóa và chứng thư rồi thử lại."),
        ) from error
    return _keep_signed_copy(
        document,
        with_stamp(pdf, now=now, by=by),
        role=role,
        certificate=certificate,
        signed_by=signed_by,
        signed_at=now,
        now=now,
    )


def _keep_signed_copy(
    document: Document,
    lasting: Lasting,
    *,
    role: SignatureRole,
    certificate: Certificate,
    signed_by: User,
    signed_at: datetime,
    now: datetime,
) -> Document:
    letter = document.before_signatures
    copy = store(
        lasting.pdf,
        name=letter.name,
        media_type=PDF,
        now=now,
        original=document,
        lasting=lasting,
    )
    try:
        with transaction.atomic():
            Signature.objects.create(
                document=letter,
                signed_copy=copy,
                role=role,
                certificate=certificate,
                signed_by=signed_by,
                signed_at=signed_at,
            )
    except IntegrityError as error:
        raise _signed_already(role) from error
    return copy


def renew_stamps(*, now: datetime) -> int:
    """Stamp some signed files whose time has come; return how many, 0 when none is left.

    Safe to run twice and twice at once: what is in hand is put off, and is due again when this was
    killed. What was signed once more since needs no stamp of its own: the later copy has it all.
    """
    by = stamping(now)
    if by is None:
        return 0
    due = Q(stamp_due_at__lte=now)
    day = settings.STAMPS_RENEWED_SINCE
    if day and day <= timezone.localdate(now):
        since = timezone.make_aware(datetime.combine(day, time.min))
        due |= Q(stamped_at__lt=since, stamp_due_at__gt=now + _PUT_OFF)
    waiting = Document.objects.filter(due, signed_copies__isnull=True).order_by("stamp_due_at")
    stamped = [
        document.uuid
        for document in waiting.select_related("stamped_copy")[:_AT_ONCE]
        if _stamp(document, by, now=now)
    ]
    if stamped:
        act = Act(
            action="document.stamp",
            target_type="document",
            target_uuid=None,
            data={"documents": [str(one) for one in stamped]},
        )
        with transaction.atomic():
            record(act, actor=None, now=now)
    return len(stamped)


def _stamp(document: Document, by: Stamping, *, now: datetime) -> bool:
    rows, until = Document.objects.filter(pk=document.pk), document.stamped_until
    if not rows.filter(stamp_due_at=document.stamp_due_at).update(stamp_due_at=now + _PUT_OFF):
        return False  # another worker has it
    if until is not None and until - AHEAD <= now and by.ends_at <= until:
        logger.warning("no time stamp outlives the one on document %s", document.uuid)
        return False
    try:
        lasting = with_stamp(read(document), now=now, by=by, asks_others=True)
    except Damaged as damaged:
        record_damage(damaged, actor=None, now=now)
        return False
    except (PdfError, ValueError):
        logger.exception("document %s cannot be stamped", document.uuid)
        return False
    if lasting.stamped_until is None:
        return False
    with transaction.atomic():
        copy = store(lasting.pdf, name=document.name, media_type=PDF, now=now)
        rows.update(
            stamped_copy=copy,
            stamped_at=now,
            stamped_until=lasting.stamped_until,
            # What nobody proves now is proved by the stamp alone.
            stamp_due_at=max(lasting.stamped_until - AHEAD, now + _PUT_OFF),
        )
    return True


_REASONS = {
    SignatureRole.HEAD: "Người có thẩm quyền ký văn bản",
    SignatureRole.ORGANISATION: "Chữ ký số của cơ quan, tổ chức ban hành văn bản",
}


def _signed_already(role: SignatureRole) -> Refused:
    return refuse(
        "signed_already",
        _("Văn bản đã có chữ ký: %(role)s.") % {"role": role.label},
        way_out=_("Tải lại trang để xem bản đã ký."),
    )
