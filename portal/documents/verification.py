"""Checking the signatures on a PDF: what was signed, by whom, when, and whether it still stands.

Nothing is fetched: trust roots and what the register knows are handed in. The file itself is looked
at in another process (``examiner``); what it says is judged here with the register and with the
places a letter keeps for its signatures. The signer's own clock proves nothing: a key that has
expired or was revoked needs a trusted time stamp, or bytes that were kept here before.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, TypeAlias

from asn1crypto import x509
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.documents import examiner
from portal.documents.examiner import Encrypted, TooHeavy, Unreadable
from portal.documents.roles import SignatureRole
from portal.documents.signing import (
    CORNER_HEIGHT,
    CORNER_MARGIN,
    CORNER_WIDTH,
    FIELD_NAMES,
    Place,
)

__all__ = [
    "Encrypted",
    "Frozen",
    "Registered",
    "SignatureReport",
    "TooHeavy",
    "Unreadable",
    "problem_words",
    "verify",
]

# How far, in points, a signature put by other software may lie beside the place kept for it, or
# beside an earlier signature (the seal lies over its left third: Nghị định 30/2020/NĐ-CP).
SLACK = 40
BESIDE, LARGEST = 120, (260, 160)
_ROLES = {name: role for role, name in FIELD_NAMES.items()}
_PROBLEMS = {
    "not_intact": gettext_lazy("nội dung đã bị thay đổi hoặc chữ ký hỏng"),
    "partly_covered": gettext_lazy("chữ ký không bao phủ toàn bộ văn bản"),
    "changed_after": gettext_lazy("văn bản bị sửa sau khi ký"),
    "followed_by_bad": gettext_lazy("sau chữ ký này có chữ ký không hợp lệ"),
    "covers_content": gettext_lazy("hình chữ ký đặt đè lên nội dung"),
    "bytes_beside": gettext_lazy("tệp có phần thừa ngoài nội dung PDF"),
    "active": gettext_lazy("tệp chứa mã lệnh hoặc tệp nhúng"),
    "changing": gettext_lazy("tệp có phần hiển thị thay đổi được"),
    "form_fields": gettext_lazy("tệp có ô điền được"),
    "not_trusted": gettext_lazy("chứng thư không do tổ chức được tin cậy cấp"),
    "wrong_usage": gettext_lazy("chứng thư không dùng để ký văn bản"),
    "wrong_field": gettext_lazy("chứng thư không phải của bên phải ký ở ô này"),
    "without_authority": gettext_lazy("người ký không có quyền ký cho đơn vị vào ngày ký"),
    "another_body": gettext_lazy("người ký và con dấu thuộc hai đơn vị khác nhau"),
    "expired_at_signing": gettext_lazy("chứng thư không còn hiệu lực khi ký"),
    "revoked_at_signing": gettext_lazy("chứng thư đã bị thu hồi trước khi ký"),
    "time_unproved": gettext_lazy(
        "chứng thư nay đã hết hạn hoặc bị thu hồi, và không có dấu thời gian chứng minh ký trước đó"
    ),
    "no_time": gettext_lazy("không có thời gian ký"),
    "time_in_future": gettext_lazy("thời gian ký ở tương lai"),
    "not_the_frozen_letter": gettext_lazy("không phải văn bản đã trình ký trên hệ thống"),
}
# With one of these a signature put later makes those before it doubtful: it may hide what they say.
_SPOILS = frozenset(
    {"not_intact", "partly_covered", "not_trusted", "wrong_usage", "wrong_field", "covers_content"}
)


class Frozen(NamedTuple):
    """The letter that should have been signed: its SHA-256 (hex), size, and places to sign at."""

    sha256: str
    size: int
    places: Sequence[Place] = ()


class Registered(NamedTuple):
    """What the register knows of a certificate; ``role`` None: it signs no documents."""

    role: SignatureRole | None
    agency_pk: int
    agency: str
    revoked_at: datetime | None
    # When this person may sign for the body: spans of days; None while the body records no signers.
    authority: Sequence[tuple[date, date | None]] | None = None


# Says of certificates (DER) what the register knows of those that are in it.
Register: TypeAlias = Callable[[Sequence[bytes]], dict[bytes, Registered]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureReport:
    """What is found about one signature. ``problems`` are codes; none means that it stands.

    Of the file: ``not_intact``, ``partly_covered``, ``changed_after``, ``followed_by_bad``,
    ``covers_content``, ``bytes_beside``, ``active``, ``changing``, ``form_fields``,
    ``not_the_frozen_letter``; of the certificate: ``not_trusted``, ``wrong_usage``,
    ``wrong_field``, ``another_body``, ``without_authority``; of the time: ``expired_at_signing``,
    ``revoked_at_signing``, ``time_unproved``, ``no_time``, ``time_in_future``.
    """

    field_name: str
    registered: Registered | None
    signer: str
    serial: str
    certificate_der: bytes
    sha256: str  # of the signature itself: what it is known by, whatever is added to the file
    claimed_at: datetime | None
    stamped_at: datetime | None
    covers_whole_file: bool
    is_frozen_letter: bool | None
    expired_since: datetime | None
    problems: tuple[str, ...]

    @property
    def role(self) -> SignatureRole | None:
        """Whose signature it is, by the register; None of a certificate that is not in it."""
        return self.registered.role if self.registered else None

    @property
    def signed_at(self) -> datetime | None:
        """When it was signed: by the time stamp, else as the signer says."""
        return self.stamped_at or self.claimed_at

    @property
    def revoked_since(self) -> datetime | None:
        """Since when the register has the certificate as revoked."""
        return self.registered.revoked_at if self.registered else None

    @property
    def is_valid(self) -> bool:
        """Say whether the signature stands."""
        return not self.problems

    @property
    def summary(self) -> str:
        """Return one sentence in Vietnamese for the page."""
        who = self.role.label if self.role else _("Chữ ký")
        if self.problems:
            return _("%(who)s – %(signer)s: KHÔNG hợp lệ (%(reasons)s).") % {
                "who": who, "signer": self.signer, "reasons": problem_words(self.problems),
            }  # fmt: skip
        assert self.signed_at is not None
        signed = f"{timezone.localtime(self.signed_at):%H:%M:%S %d/%m/%Y}"
        source = _("theo dấu thời gian") if self.stamped_at else _("theo bên ký")
        text = _("%(who)s – %(signer)s: hợp lệ, ký lúc %(signed)s (%(source)s).") % {
            "who": who, "signer": self.signer, "signed": signed, "source": source,
        }  # fmt: skip
        if self.revoked_since:
            text += " " + _("Chứng thư bị thu hồi sau khi ký.")
        elif self.expired_since:
            text += " " + _("Chứng thư hết hạn sau khi ký.")
        return text


def problem_words(codes: Sequence[str]) -> str:
    """Return what codes of problems say, for people."""
    return "; ".join(str(_PROBLEMS[code]) for code in codes)


def verify(
    pdf: bytes,
    *,
    trust: Sequence[bytes],
    now: datetime,
    register: Register | None = None,
    frozen: Frozen | None = None,
    kept_at: datetime | None = None,
) -> list[SignatureReport]:
    """Return a report on each signature in the order they were put; [] when there is none.

    ``trust``: certificates (DER) of CAs, roots and what hangs on them. ``kept_at``: since when
    these very bytes are known to be kept. Raises Unreadable, Encrypted, TooHeavy.
    """
    found = examiner.ask(
        pdf,
        {
            "mode": "verify",
            "trust": [base64.b64encode(der).decode() for der in trust],
            "now": now.isoformat(),
            "frozen": [frozen.sha256, frozen.size] if frozen else None,
            "kept_at": kept_at.isoformat() if kept_at else None,
        },
    )
    signatures = sorted(found["signatures"], key=lambda one: one["revision"])
    ders = [base64.b64decode(one["der"]) for one in signatures]
    known = register(ders) if register and ders else {}
    problems = [[*dict.fromkeys([*one["problems"], *found["file"]])] for one in signatures]
    for one, der, codes in zip(signatures, ders, problems, strict=True):
        if one["is_stamp"]:
            continue
        if found["is_frozen"] is False:
            codes.append("not_the_frozen_letter")
        wanted = _ROLES.get(one["field"])
        holder = known.get(der)
        if register and wanted and (holder.role if holder else None) is not wanted:
            codes.append("wrong_field")
        if holder and holder.role is None:
            codes.append("wrong_usage")
        codes.extend(_problems_of_revocation(one, holder, kept_at=kept_at, codes=codes))
    _note_places(signatures, problems, frozen)
    _note_bodies(signatures, [known.get(der) for der in ders], problems)
    for index, codes in enumerate(problems):
        if any(_SPOILS.intersection(later) for later in problems[index + 1 :]):
            codes.append("followed_by_bad")
    return [
        _report(one, der, known.get(der), codes, is_frozen=found["is_frozen"], now=now)
        for one, der, codes in zip(signatures, ders, problems, strict=True)
        if not one["is_stamp"]
    ]


def _report(
    found: dict[str, Any],
    der: bytes,
    registered: Registered | None,
    codes: list[str],
    *,
    is_frozen: bool | None,
    now: datetime,
) -> SignatureReport:
    certificate = x509.Certificate.load(der)
    not_after: datetime = certificate["tbs_certificate"]["validity"]["not_after"].native
    return SignatureReport(
        field_name=found["field"],
        registered=registered,
        signer=str(certificate.subject.native.get("common_name", "")),
        serial=f"{certificate.serial_number:016X}",
        certificate_der=der,
        sha256=found["sha256"],
        claimed_at=_moment(found["claimed_at"]),
        stamped_at=_moment(found["stamped_at"]),
        covers_whole_file=found["covers_whole_file"],
        is_frozen_letter=is_frozen,
        expired_since=not_after if not_after <= now else None,
        problems=tuple(dict.fromkeys(codes)),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _problems_of_revocation(
    found: dict[str, Any],
    holder: Registered | None,
    *,
    kept_at: datetime | None,
    codes: Sequence[str],
) -> list[str]:
    if holder is None or holder.revoked_at is None or "time_unproved" in codes:
        return []
    proofs = [one for one in (_moment(found["stamped_at"]), kept_at) if one]
    claimed = _moment(found["claimed_at"])
    at = min(proofs, default=None) or claimed
    if at is None or holder.revoked_at <= at or (claimed and holder.revoked_at <= claimed):
        return ["revoked_at_signing"]
    return [] if proofs else ["time_unproved"]


def _note_places(
    signatures: Sequence[dict[str, Any]], problems: list[list[str]], frozen: Frozen | None
) -> None:
    """Note which signatures are shown where a letter has something to say.

    On a frozen letter each stands at a place kept for it or in the corner. On any other file the
    first is part of what it signs; a later one stands beside one before it, or in the corner.
    """
    earlier: list[tuple[int, list[float]]] = []
    places = (
        [(place.page, [float(side) for side in place.box]) for place in frozen.places]
        if (frozen)
        else []
    )
    for one, codes in zip(signatures, problems, strict=True):
        is_first = not earlier and one is signatures[0]
        for page, box, page_box in one["widgets"]:
            if places:
                is_fit = any(page == at and _within(box, kept, SLACK) for at, kept in places)
            else:
                is_small = box[2] - box[0] <= LARGEST[0] and box[3] - box[1] <= LARGEST[1]
                is_fit = is_first or (
                    is_small
                    and any(page == at and _within(box, put, BESIDE) for at, put in earlier)
                )
            if not is_fit and not _in_corner(page, box, page_box):
                codes.append("covers_content")
        earlier += [(page, box) for page, box, _page_box in one["widgets"]]


def _within(box: Sequence[float], place: Sequence[float], slack: float) -> bool:
    left, bottom, right, top = place
    return (
        box[0] >= left - slack
        and box[1] >= bottom - slack
        and box[2] <= right + slack
        and box[3] <= top + slack
    )


def _in_corner(page: int, box: Sequence[float], page_box: Sequence[float]) -> bool:
    """Say whether a box lies in the top right corner of the first page, above the text."""
    right, top = page_box[2], page_box[3]
    corner = (right - CORNER_WIDTH - 2 * CORNER_MARGIN, top - CORNER_HEIGHT - CORNER_MARGIN)
    return page == 0 and _within(box, (*corner, right, top), 0)


def _note_bodies(
    signatures: Sequence[dict[str, Any]],
    holders: Sequence[Registered | None],
    problems: list[list[str]],
) -> None:
    """Note who signs in the head's field under the seal of another body, or of the own body with
    no authority to sign for it that day (NĐ 30/2020 Điều 13)."""
    seals = {
        holder.agency_pk
        for holder in holders
        if holder and holder.role is SignatureRole.ORGANISATION
    }
    for one, holder, codes in zip(signatures, holders, problems, strict=True):
        is_heads = _ROLES.get(one["field"]) is SignatureRole.HEAD
        if not is_heads or not holder or not seals:
            continue
        if holder.agency_pk not in seals:
            codes.append("another_body")
        elif holder.authority is not None:
            signed_at = _moment(one["stamped_at"]) or _moment(one["claimed_at"])
            day = timezone.localdate(signed_at) if signed_at else date.min
            if not any(
                since <= day and (until is None or day < until) for since, until in holder.authority
            ):
                codes.append("without_authority")
