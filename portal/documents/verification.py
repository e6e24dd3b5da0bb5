"""Checking the signatures on a PDF: what was signed, by whom, when, and whether it still stands.

Nothing is fetched: trust roots and revocations are handed in. Without a time stamp the signing time
is what the signer says; a certificate is judged at that time, and also at ``now`` for the reader.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import NamedTuple, Self, TypeAlias

from asn1crypto import x509
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import (
    DEFAULT_DIFF_POLICY,
    DiffResult,
    FormUpdatingRule,
    ModificationLevel,
    StandardDiffPolicy,
)
from pyhanko.sign.diff_analysis.constants import ACROFORM_EXEMPT_STRICT_COMPARISON
from pyhanko.sign.general import SigningError
from pyhanko.sign.validation import (
    EmbeddedPdfSignature,
    PdfSignatureStatus,
    SignatureCoverageLevel,
    validate_pdf_signature,
)
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator import ValidationContext

from portal.documents.roles import SignatureRole
from portal.documents.signing import FIELD_NAMES

# Says when the certificate with this DER was revoked, or None.
RevokedAt: TypeAlias = Callable[[bytes], datetime | None]

CLOCK_TOLERANCE = timedelta(minutes=5)
_USAGE = KeyUsageConstraints(
    key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False
)
assert DEFAULT_DIFF_POLICY.form_rule is not None
# As pyHanko's own, which compares with a file that has been signed; ours has not been.
_SIGNATURES_ONLY = StandardDiffPolicy(
    DEFAULT_DIFF_POLICY.global_rules,
    FormUpdatingRule(
        DEFAULT_DIFF_POLICY.form_rule.field_rules,
        ACROFORM_EXEMPT_STRICT_COMPARISON | {"/SigFlags"},
    ),
)
_ROLES = {name: role for role, name in FIELD_NAMES.items()}
_PROBLEMS = {
    "not_intact": gettext_lazy("nội dung đã bị thay đổi hoặc chữ ký hỏng"),
    "partly_covered": gettext_lazy("chữ ký không bao phủ toàn bộ văn bản"),
    "changed_after": gettext_lazy("văn bản bị sửa sau khi ký"),
    "not_trusted": gettext_lazy("chứng thư không do tổ chức được tin cậy cấp"),
    "expired_at_signing": gettext_lazy("chứng thư không còn hiệu lực khi ký"),
    "revoked_at_signing": gettext_lazy("chứng thư đã bị thu hồi trước khi ký"),
    "no_time": gettext_lazy("không có thời gian ký"),
    "time_in_future": gettext_lazy("thời gian ký ở tương lai"),
    "not_the_frozen_letter": gettext_lazy("không phải văn bản đã trình ký trên hệ thống"),
}


# A damaged file can fail in the reader in any of these ways.
_BROKEN = (
    PdfError, SigningError, ValueError, KeyError, TypeError, IndexError, AttributeError,
    RecursionError,
)  # fmt: skip


class Unreadable(Exception):
    """The file is no PDF that can be read."""


class Frozen(NamedTuple):
    """The letter that should have been signed: its SHA-256 (hex) and its size."""

    sha256: str
    size: int

    def is_all_of(self, pdf: bytes, reader: PdfFileReader) -> bool:
        """Say whether the file is the frozen letter, byte for byte, and signatures put after it.

        The beginning alone would not do: a later revision can replace a page before it is signed.
        """
        if hashlib.sha256(pdf[: self.size]).hexdigest() != self.sha256:
            return False
        within = [
            revision
            for revision in range(reader.xrefs.total_revisions)
            if reader.xrefs.get_xref_container_info(revision).end_location <= self.size
        ]
        if not within:
            return False
        found = _SIGNATURES_ONLY.review_file(reader, within[-1])
        return (
            isinstance(found, DiffResult)
            and found.modification_level <= ModificationLevel.FORM_FILLING
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureReport:
    """What is found about one signature. ``problems`` are codes; none means that it stands.

    ``not_intact``: the bytes or their signature differ; ``partly_covered``, ``changed_after``: the
    file holds more than was signed; ``not_trusted``: no chain to a trust root;
    ``expired_at_signing``, ``revoked_at_signing``; ``no_time``, ``time_in_future``;
    ``not_the_frozen_letter``: something other than signatures was added to it.
    """

    field_name: str
    role: SignatureRole | None
    signer: str
    serial: str
    certificate_der: bytes
    sha256: str  # of the signature itself: what it is known by, whatever is added to the file
    signed_at: datetime | None
    covers_whole_file: bool
    is_frozen_letter: bool | None
    expired_since: datetime | None
    revoked_since: datetime | None
    problems: tuple[str, ...]

    @classmethod
    def of(
        cls,
        signature: EmbeddedPdfSignature,
        *,
        trust: Sequence[bytes],
        now: datetime,
        revoked_at: RevokedAt | None,
        is_frozen: bool | None,
    ) -> Self:
        """Judge one signature; ``is_frozen`` is what was found about the file."""
        certificate = signature.signer_cert
        der: bytes = certificate.dump()
        signed_at = signature.self_reported_timestamp
        if signed_at is not None and signed_at.tzinfo is None:
            signed_at = signed_at.replace(tzinfo=UTC)
        context = ValidationContext(
            trust_roots=[x509.Certificate.load(der) for der in trust],
            moment=signed_at or now,
            allow_fetching=False,
            revocation_mode="soft-fail",
        )
        status: PdfSignatureStatus | None
        try:
            status = validate_pdf_signature(signature, context, key_usage_settings=_USAGE)
        except SignatureValidationError:
            status = None  # too broken to be judged
        revoked_since = revoked_at(der) if revoked_at else None
        validity = certificate["tbs_certificate"]["validity"]
        not_after: datetime = validity["not_after"].native
        problems = _problems(status, certificate, signed_at, revoked_since=revoked_since, now=now)
        if is_frozen is False:
            problems.append("not_the_frozen_letter")
        return cls(
            field_name=signature.field_name,
            role=_ROLES.get(signature.field_name),
            signer=str(certificate.subject.native.get("common_name", "")),
            serial=f"{certificate.serial_number:016X}",
            certificate_der=der,
            sha256=hashlib.sha256(signature.pkcs7_content).hexdigest(),
            signed_at=signed_at,
            covers_whole_file=status is not None
            and status.coverage == SignatureCoverageLevel.ENTIRE_FILE,
            is_frozen_letter=is_frozen,
            expired_since=not_after if not_after <= now else None,
            revoked_since=revoked_since,
            problems=tuple(problems),
        )

    @property
    def is_valid(self) -> bool:
        """Say whether the signature stands."""
        return not self.problems

    @property
    def summary(self) -> str:
        """Return one sentence in Vietnamese for the page."""
        who = self.role.label if self.role else _("Chữ ký")
        if self.problems:
            reasons = "; ".join(str(_PROBLEMS[code]) for code in self.problems)
            return _("%(who)s – %(signer)s: KHÔNG hợp lệ (%(reasons)s).") % {
                "who": who, "signer": self.signer, "reasons": reasons,
            }  # fmt: skip
        assert self.signed_at is not None
        signed = f"{timezone.localtime(self.signed_at):%H:%M:%S %d/%m/%Y}"
        text = _("%(who)s – %(signer)s: hợp lệ, ký lúc %(signed)s (theo bên ký).") % {
            "who": who, "signer": self.signer, "signed": signed,
        }  # fmt: skip
        if self.revoked_since:
            text += " " + _("Chứng thư bị thu hồi sau khi ký.")
        elif self.expired_since:
            text += " " + _("Chứng thư hết hạn sau khi ký.")
        return text


def verify(
    pdf: bytes,
    *,
    trust: Sequence[bytes],
    now: datetime,
    revoked_at: RevokedAt | None = None,
    frozen: Frozen | None = None,
) -> list[SignatureReport]:
    """Return a report on each signature in the order they were put; [] when there is none.

    Raises Unreadable.
    """
    try:
        reader = PdfFileReader(BytesIO(pdf), strict=False)
        signatures = list(reader.embedded_regular_signatures)
        is_frozen = frozen.is_all_of(pdf, reader) if frozen else None
        return [
            SignatureReport.of(
                one, trust=trust, now=now, revoked_at=revoked_at, is_frozen=is_frozen
            )
            for one in signatures
        ]
    except _BROKEN as error:
        raise Unreadable(str(error)) from error


def _problems(
    status: PdfSignatureStatus | None,
    certificate: x509.Certificate,
    signed_at: datetime | None,
    *,
    revoked_since: datetime | None,
    now: datetime,
) -> list[str]:
    """Return what is wrong with the file, with the time of signing, with the trust in it."""
    found = []
    if status is None or not (status.intact and status.valid):
        found.append("not_intact")
    elif status.coverage < SignatureCoverageLevel.ENTIRE_REVISION:
        found.append("partly_covered")
    elif not status.docmdp_ok:
        found.append("changed_after")

    if signed_at is None:
        found.append("no_time")
    else:
        if signed_at > now + CLOCK_TOLERANCE:
            found.append("time_in_future")
        validity = certificate["tbs_certificate"]["validity"]
        if not validity["not_before"].native <= signed_at < validity["not_after"].native:
            found.append("expired_at_signing")

    if status is not None and not status.trusted:
        found.append("not_trusted")
    if revoked_since is not None and revoked_since <= (signed_at or now):
        found.append("revoked_at_signing")
    return found
