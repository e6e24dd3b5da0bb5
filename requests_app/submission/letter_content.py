"""What stands in a letter: put together from a dossier, its sender's version, its kind and rows.

Nothing is written here. Empty cells stay empty; numbers and names are never invented.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils import timezone

from portal.accounts.models import User
from portal.agencies.models import Agency, AgencyKind
from portal.core.roles import Capability
from portal.core.text.identifiers import mask_within
from portal.core.text.names import in_proper_letters
from portal.documents.letters import SIGNER_FOOTNOTE, Letter, Party, filing_line
from requests_app import kinds
from requests_app.kinds.base import OWN_DESIGN, Answers, Field
from requests_app.models import Decision, Dossier, DossierItem
from requests_app.submission.signers import block_of, paper_of, signer_lines_of, signer_on
from requests_app.workflow import PASSED_ON, Route

# "Kính gửi" of the forms, verbatim (DOMAIN 2.1).
CA_ADDRESSEE = "Cục Chứng thực số và Bảo mật thông tin, Ban Cơ yếu Chính phủ"
# N30 Phụ lục I: these stand alone at the top, without a body above them.
_FOLLOWS = "(để theo dõi)"
_NEW_PIN = (
    "Mật khẩu (mã PIN) cũ không còn dùng được. Đề nghị đơn vị để từng thuê bao tự đặt mã PIN mới "
    "cho thiết bị của mình trước khi ký số; không ai khác được biết mã PIN."
)


def letter_of(
    dossier: Dossier,
    rows: Sequence[DossierItem],
    *,
    copies: Iterable[Agency] | None = None,
    total: int | None = None,
) -> Letter:
    """Return the letter of a dossier as it would be printed now.

    ``total``: how many rows it has, where ``rows`` are the first of them alone.
    ``copies`` are the bodies that get it to follow it; None: those written down with it.
    """
    kind = kinds.get(dossier.kind)
    version = dossier.agency_version
    is_to_ca = dossier.addressee.kind == AgencyKind.CA
    addressee = CA_ADDRESSEE if is_to_ca else in_proper_letters(dossier.addressee.name)
    body = kind.body_of(dossier.variant).format(
        agency=in_proper_letters(version.name), addressee=addressee
    )
    # It passes the office first: it is addressed to it too, or told whom it is for.
    passes = [dossier.office] if dossier.route in PASSED_ON and dossier.office else []
    offices = [in_proper_letters(one.name) for one in passes if one != dossier.addressee]
    if copies is None:
        copies = [copy.agency for copy in dossier.copies.select_related("agency")]
    # Until the letter is frozen nobody is written down: the day it bears says who is proposed.
    day = dossier.letter_date or timezone.localdate(dossier.updated_at)
    signer = signer_on(dossier.agency_id, paper_of(kind.number), chosen=dossier.signer, on=day)
    block = block_of(dossier.agency, version, signer, heads=Capability.SIGN_LETTERS)
    lines: list[list[tuple[str, str]]] = []
    for one in kind.contact_fields:
        value = dossier.contact.get(one.name, "")
        if not value and not one.is_required:
            continue
        if one.starts_line or not lines:
            lines.append([])
        lines[-1].append((one.label, one.shown(value)))
    return Letter(
        superior=version.superior,
        agency=version.name,
        number=dossier.letter_number,
        place=version.place,
        day=dossier.letter_date,
        kind_of_document=kind.kind_of_document,
        subject=kind.subject_of(dossier.variant),
        addressees=[addressee, *offices] if kind.is_addressed else [],
        opening=[body, *[line.strip() for line in dossier.note.splitlines() if line.strip()]],
        contact_title=kind.contact_title,
        contact=lines,
        list_title=f"{kind.list_title} ({len(rows) if total is None else total} {kind.counted})",
        columns=[(column.label, column.width, column.group) for column in kind.columns],
        rows=[
            [
                str(number) if column.is_number else column.text(row.answers)
                for column in kind.columns
            ]
            for number, row in enumerate(rows, 1)
        ],
        notes=kind.notes,
        closing=kind.closing,
        recipients=[
            *(["Như trên;"] if kind.is_addressed else [f"{one};" for one in (addressee, *offices)]),
            *(
                f"{in_proper_letters(body.name)} {_FOLLOWS};"
                for body in copies
                if body not in passes
            ),
            filing_line(dossier.letter_number, dossier.filing),
        ],
        signer_lines=block.lines,
        signer_name=block.name,
        parties=[
            Party(one.label, block.lines, block.name, is_issuer=True)
            if one.is_sender
            else Party(one.label, name=one.name(dossier.contact, [row.answers for row in rows]))
            for one in kind.parties
        ],
        footnote="" if kind.kind_of_document else SIGNER_FOOTNOTE,
        layout_note=kind.layout_note,
        lies_wide=kind.lies_wide,
        template=kind.template,
        data=data_of(dossier, rows),
    )


def data_of(dossier: Dossier, rows: Sequence[DossierItem]) -> dict[str, object]:
    """Return what a letter encloses for machines: what it says, without what is personal.

    No identity numbers, telephone numbers or addresses of mail; a stray number is masked.
    """
    kind = kinds.get(dossier.kind)
    contact = [one for one in kind.contact_fields if not one.is_personal and one.name != "email"]
    fields = [one for one in kind.fields if not one.is_personal]

    def open_answers(fields: Sequence[Field], answers: Answers) -> dict[str, str]:
        return {one.name: mask_within(answers.get(one.name, "")) for one in fields}

    return {
        "dossier": str(dossier.uuid),
        "form": kind.number,
        "version": dossier.kind_version,
        "title": str(kind.title),
        "number": dossier.letter_number,
        "date": dossier.letter_date.isoformat() if dossier.letter_date else "",
        "agency": dossier.agency_version.name,
        "addressee": dossier.addressee.name,
        "labels": {one.name: str(one.label) for one in (*contact, *fields)},
        "contact": open_answers(contact, dossier.contact),
        "rows": [
            {"position": row.position, "answers": open_answers(fields, row.answers)} for row in rows
        ],
    }


def refusal_letter_of(dossier: Dossier, refused: Sequence[DossierItem]) -> Letter:
    """Return the decider's written notice of the refused rows, each with its reason.

    Its number and day stay blank: they come from the decider's own document system.
    """
    decider = decider_of(dossier)
    version = decider.versions.order_by("-valid_from")[0]
    own_name = in_proper_letters(version.name)
    sender = in_proper_letters(dossier.agency_version.name)
    asked = kinds.get(dossier.kind).subject_of(dossier.variant).removeprefix("đề nghị ")
    opening = (
        f"Phúc đáp Công văn {letter_words(dossier)} của {sender}, {own_name} thông báo "
        f"không chấp nhận {len(refused)} trường hợp sau đây, kèm lý do của từng trường hợp."
    )
    return Letter(
        superior=version.superior,
        agency=version.name,
        place=version.place,
        subject=f"từ chối {asked}",
        addressees=[sender],
        opening=[opening],
        list_title="Danh sách không được chấp nhận",
        columns=[
            ("Dòng", "8%", ""),
            ("Tên trong danh sách", "32%", ""),
            ("Lý do từ chối", "60%", ""),
        ],
        rows=[[str(item.position), item.title, item.decision_reason] for item in refused],
        notes=["Đơn vị có thể hoàn thiện và gửi lại trong một hồ sơ khác."],
        recipients=["Như trên;", "Lưu: VT."],
        signer_lines=signer_lines_of(version),
        layout_note=OWN_DESIGN,
    )


def receipt_letter_of(
    dossier: Dossier,
    items: Sequence[DossierItem],
    *,
    actor: User,
    is_signed: bool,
    now: datetime,
) -> Letter:
    """Return the receiving side's confirmation of minutes: totals, and each row that differs.

    ``is_signed``: ``actor`` puts a digital signature on it. Its number and day stay blank: they
    come from the receiver's own document system.
    """
    version = dossier.addressee.versions.order_by("-valid_from")[0]
    sender = in_proper_letters(dossier.agency_version.name)
    differing = [item for item in items if item.decision_reason]
    at = timezone.localtime(now)
    who = f"{actor.full_name}, {actor.get_role_display()}"
    count = sum(item.decision == Decision.ACCEPTED for item in items)
    received = (
        f"Theo Biên bản {letter_words(dossier)} của {sender} (Mẫu số 08), "
        f"{in_proper_letters(version.name)} xác nhận đã nhận {count} trên {len(items)} thiết bị "
        "lưu khóa bí mật, sau khi đối chiếu số hiệu trên từng thiết bị."
    )
    return Letter(
        superior=version.superior,
        agency=version.name,
        place=version.place,
        kind_of_document="THÔNG BÁO",
        subject="Xác nhận đã nhận lại thiết bị lưu khóa bí mật",
        opening=[
            received,
            _DIFFERING if differing else _NOTHING_DIFFERS,
            f"Người xác nhận: {who}, lúc {at:%H:%M} ngày {at:%d/%m/%Y}."
            + ("" if is_signed else _NOT_SIGNED),
        ],
        list_title="Thiết bị có khác biệt hoặc không nhận được",
        columns=_RECEIPT_COLUMNS if differing else [],
        rows=[
            [
                str(item.position),
                item.answers.get("device_serial", ""),
                item.title,
                "Đã nhận" if item.decision == Decision.ACCEPTED else "Không nhận",
                item.decision_reason,
            ]
            for item in differing
        ],
        closing="",
        recipients=[f"{sender};", "Lưu: VT."],
        signer_lines=["NGƯỜI XÁC NHẬN"],
        signer_name=actor.full_name,
        layout_note=OWN_DESIGN,
    )


_DIFFERING = (
    "Các thiết bị có khác biệt hoặc không nhận được nêu dưới đây; các thiết bị khác được nhận đúng "
    "theo danh sách của biên bản. Thiết bị không nhận được thì đơn vị vẫn phải giao lại."
)
_NOTHING_DIFFERS = "Các thiết bị được nhận đúng theo danh sách của biên bản, không có khác biệt."
_NOT_SIGNED = " Xác nhận được ghi nhận trên cổng, không kèm chữ ký số."
_RECEIPT_COLUMNS = [
    ("Dòng", "8%", ""),
    ("Số hiệu thiết bị", "20%", ""),
    ("Tên chứng thư chữ ký số", "24%", ""),
    ("Kết quả", "14%", ""),
    ("Khác biệt, lý do", "34%", ""),
]


def recovery_answer_of(
    dossier: Dossier, unlocked: Sequence[DossierItem], *, refused: int
) -> Letter:
    """Return the decider's notice of the unlocked devices (Điều 22: who handles it tells the body).

    ``refused`` rows have a notice of their own. Number and day stay blank, as of a refusal.
    """
    decider = decider_of(dossier)
    version = decider.versions.order_by("-valid_from")[0]
    own_name = in_proper_letters(version.name)
    sender = in_proper_letters(dossier.agency_version.name)
    what = (
        f"Phúc đáp Công văn {letter_words(dossier)} của {sender}, {own_name} thông báo đã "
        f"khôi phục {len(unlocked)} thiết bị lưu khóa bí mật có tên trong danh sách dưới đây."
    )
    opening = [what, _NEW_PIN]
    if refused:
        opening.append(
            f"{refused} trường hợp không được chấp nhận nêu tại thông báo từ chối gửi kèm hồ sơ."
        )
    return Letter(
        superior=version.superior,
        agency=version.name,
        place=version.place,
        kind_of_document="THÔNG BÁO",
        subject="Kết quả khôi phục thiết bị lưu khóa bí mật",
        opening=opening,
        list_title="Danh sách thiết bị đã được khôi phục",
        columns=[
            ("Dòng", "8%", ""),
            ("Số hiệu thiết bị lưu khóa bí mật", "28%", ""),
            ("Tên chứng thư chữ ký số", "32%", ""),
            ("Cơ quan, tổ chức công tác", "32%", ""),
        ],
        rows=[
            [
                str(item.position),
                item.device.serial if item.device else "",
                item.title,
                item.answers.get("workplace", ""),
            ]
            for item in unlocked
        ],
        recipients=[f"{sender};", "Lưu: VT."],
        signer_lines=signer_lines_of(version),
        layout_note=OWN_DESIGN,
    )


def decider_of(dossier: Dossier) -> Agency:
    """Return who answers about the rows here: the office by delegation, or for a CA without a desk
    here, else the CA."""
    if dossier.route in (Route.OFFICE_ONLY, Route.OUTSIDE) and dossier.office is not None:
        return dossier.office
    if dossier.addressee.kind == AgencyKind.CA:
        return dossier.addressee
    return Agency.objects.filter(kind=AgencyKind.CA).first() or dossier.addressee


def letter_words(dossier: Dossier) -> str:
    """Return how an answer speaks of the dossier's letter: "số 12/UBND ngày 20/11/2026"."""
    words = f"số {dossier.letter_number}" if dossier.letter_number else "chưa ghi số"
    return f"{words} ngày {dossier.letter_date:%d/%m/%Y}" if dossier.letter_date else words
