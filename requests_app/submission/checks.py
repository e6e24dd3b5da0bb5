"""Everything that can be said about a dossier before it goes on: rows, rules, what to look at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.ca.models import Certificate
from portal.core.roles import Scope
from portal.core.rules import Severity, Violation
from portal.core.text.names import CERTIFICATE_NAME_LENGTH, in_short
from requests_app import kinds
from requests_app.kinds import register_findings, row_rules
from requests_app.kinds import reissue_warning as reissue
from requests_app.kinds.base import CellFinding, EffectKind, check_list, violations_of
from requests_app.kinds.certificate_names import NAME_OVER_64, chosen_forms, question_key
from requests_app.kinds.duplicates import standing_rows
from requests_app.kinds.named_bodies import bodies_of
from requests_app.models import (
    Attachment,
    Dossier,
    DossierItem,
    QuestionAnswer,
    SigningMode,
    TransferInquiry,
)
from requests_app.routing.services import rules_for
from requests_app.rules import dossiers as rules
from requests_app.rules.transfers import ARTICLE, former_agency_has_spoken
from requests_app.submission.signers import paper_of, violations_of_signer

ROWS_NAMED = 8
_AS_ROW = re.compile(r"_as_row_\d+$")


@dataclass(frozen=True, slots=True)
class SecondLook:
    """A row, what is odd about it and what that rests on."""

    name: str
    message: str
    article: str = ""


def second_looks(dossier: Dossier, *, reader: User, now: datetime) -> list[SecondLook]:
    """Return what is worth a second look; other bodies are named to the CA alone."""
    items = list(row_rules.rows_of(dossier))
    titles = {item.position: item.title for item in items}
    is_ca = reader.scope is Scope.CA
    looks = [
        SecondLook(
            f"Dòng {one.row}: {titles[one.row or 0]}", f"{one.message} {one.way_out}", one.article
        )
        for one in reissue.warnings(dossier, items, now=now)
    ]
    looks += _taken_over(dossier, items, names_bodies=is_ca)
    if not is_ca:
        return looks
    # Which other body's open dossier speaks of the same certificate or device.
    certificates = {item.certificate_id: item for item in items if item.certificate_id}
    devices = {item.device_id: item for item in items if item.device_id}
    if certificates or devices:
        others = standing_rows(set(EffectKind)).exclude(dossier__agency=dossier.agency)
        found = others.filter(Q(certificate__in=certificates) | Q(device__in=devices))
        for other in found.select_related("dossier__agency").order_by("pk"):
            item = certificates.get(other.certificate_id or 0) or devices[other.device_id or 0]
            number = kinds.get(other.dossier.kind).number
            letter_number = other.dossier.letter_number or "(chưa có số)"
            looks.append(
                SecondLook(
                    f"Dòng {item.position}: {item.title}",
                    f"Đang có ở hồ sơ Mẫu {number} số {letter_number} của "
                    f"{other.dossier.agency.name}.",
                )
            )
    return looks


def _taken_over(
    dossier: Dossier, items: Sequence[DossierItem], *, names_bodies: bool
) -> list[SecondLook]:
    """R41: with these rows a person and a device go from another body to the sender."""
    if not kinds.get(dossier.kind).takes_over:
        return []
    own = bodies_of(dossier.agency)
    asked = {one.item_id: one for one in TransferInquiry.objects.filter(item__dossier=dossier.pk)}
    looks = []
    for item in items:
        if item.certificate is None or item.certificate.agency_id in own:
            continue
        inquiry, said = asked.get(item.pk), ""
        if inquiry is not None and inquiry.answer:
            reason = f" ({inquiry.reason})" if inquiry.reason else ""
            said = f"Cơ quan cũ trả lời: {inquiry.get_answer_display()}{reason}."
        elif inquiry is not None:
            said = f"Cơ quan cũ chưa trả lời; hạn trả lời {inquiry.due_on:%d/%m/%Y}."
        body = item.certificate.agency.name if names_bodies else "cơ quan khác"
        looks.append(
            SecondLook(
                f"Dòng {item.position}: {item.title}",
                f"Chứng thư do {body} quản lý. Xem có văn bản điều động, tiếp nhận; khi thực hiện, "
                f"người này và thiết bị chuyển sang đơn vị gửi. {said}".strip(),
                ARTICLE,
            )
        )
    return looks


@dataclass(frozen=True, slots=True)
class RowFindings:
    """What was found in one row."""

    item: DossierItem
    findings: list[CellFinding]


def row_findings(
    dossier: Dossier,
    *,
    items: Sequence[DossierItem] | None = None,
    reader: User | None = None,
    now: datetime,
) -> list[RowFindings]:
    """Return the findings of every row that has any, in order; ``items`` are all of them, where
    they were read already, ``reader`` as in ``register_findings.findings``."""
    items = list(dossier.items.all()) if items is None else items
    found = check_list(
        kinds.get(dossier.kind),
        [item.answers for item in items],
        timezone.localdate(now),
        variant=dossier.variant,
    )
    of_register = register_findings.findings(dossier, items, reader=reader, now=now)
    rows = [
        RowFindings(item, [*findings, *of_register.get(item.position, ())])
        for item, findings in zip(items, found, strict=True)
    ]
    return [row for row in rows if row.findings]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a clerk is asked once, about every row that says the same in the same cell."""

    key: str
    code: str
    field: str
    label: str
    value: str
    message: str
    suggestion: str
    rows: list[int]
    answer: QuestionAnswer | None

    @property
    def said(self) -> str:
        """What was answered, "" while nothing was."""
        return self.answer.answer if self.answer else ""

    @property
    def is_about_a_certificate(self) -> bool:
        """Whether the value offered is for the certificate alone: the row keeps its own."""
        return self.code == NAME_OVER_64

    @property
    def places(self) -> str:
        """The rows as people name them: "3, 7, 8 … (45 dòng)"."""
        shown = ", ".join(map(str, self.rows[:ROWS_NAMED]))
        return shown if len(self.rows) <= ROWS_NAMED else f"{shown} … ({len(self.rows)} dòng)"


def questions_of(dossier: Dossier, rows: Sequence[RowFindings]) -> list[Question]:
    """Return what ``rows`` ask, in the order of the list, each with its answer if it has one."""
    labels = {one.name: one.label for one in kinds.get(dossier.kind).fields}
    answered = {one.question: one for one in dossier.question_answers.select_related("said_by")}
    if any(cell.finding.code == NAME_OVER_64 for row in rows for cell in row.findings):
        answered = chosen_forms(dossier) | answered  # a short form is chosen once
    found: dict[str, Question] = {}
    for row in rows:
        for cell in row.findings:
            if not cell.finding.asks:
                continue
            code = _AS_ROW.sub("", cell.finding.code)
            value = str(row.item.answers.get(cell.field, ""))
            key = question_key(code, cell.field, value)
            question = found.setdefault(
                key,
                Question(
                    key=key,
                    code=code,
                    field=cell.field,
                    label=labels.get(cell.field, ""),
                    value=value,
                    message=cell.finding.message,
                    suggestion=in_short(value, CERTIFICATE_NAME_LENGTH)
                    if code == NAME_OVER_64
                    else cell.finding.suggestion,
                    rows=[],
                    answer=answered.get(key),
                ),
            )
            question.rows.append(row.item.position)
    return list(found.values())


def open_questions(questions: Iterable[Question]) -> list[Violation]:
    """Return the questions nobody has answered: a letter is presented without any (DOMAIN 10.2)."""
    return [
        Violation(
            "question_open",
            f"Chưa trả lời: {one.message}",
            row=one.rows[0],
            way_out="Chọn một câu trả lời ở mục “Câu hỏi về danh sách” bên dưới.",
        )
        for one in questions
        if one.answer is None
    ]


@dataclass(frozen=True, slots=True)
class ListRead:
    """The rows of a dossier and what was found in them: read once for all that looks at them."""

    items: Sequence[DossierItem]
    rows: Sequence[RowFindings]

    @classmethod
    def of(cls, dossier: Dossier, *, now: datetime) -> Self:
        items = list(row_rules.rows_of(dossier))
        return cls(items, row_findings(dossier, items=items, now=now))


def violations_before_signing(
    dossier: Dossier, *, read: ListRead | None = None, now: datetime
) -> list[Violation]:
    """Return every reason why the dossier can't go to the head; empty when it can."""
    today = timezone.localdate(now)
    read = read or ListRead.of(dossier, now=now)
    found = [
        rules.has_letter_number(dossier.letter_number),
        rules.has_letter_date(dossier.letter_date, today),
        rules.letter_date_fits_sender(
            dossier.letter_date, dossier.agency_version.valid_from, dossier.agency.name
        ),
        rules.has_rows(dossier.row_count),
    ]
    return [
        *(violation for violation in found if violation),
        *_of_section_1(dossier, today),
        *violations_of_rows(dossier, read=read, now=now),
        *open_questions(questions_of(dossier, read.rows)),
        *violations_of_sender(dossier, today=today),
        *violations_of_signer(
            dossier.agency,
            paper_of(kinds.get(dossier.kind).number),
            chosen=dossier.signer,
            drafters=dossier.edited_by.all(),
            on=today,
        ),
    ]


def _of_section_1(dossier: Dossier, today: date) -> list[Violation]:
    """Return what is wrong in section 1 of the form, each with the way to its field; what is empty
    there is one thing to do."""
    kind = kinds.get(dossier.kind)
    page = reverse("requests_app:letter_data", args=[dossier.uuid])
    cells = [
        cell
        for cell in kind.contact_cells(dossier.contact, today)
        if cell.finding.severity is Severity.ERROR
    ]
    empty = [cell for cell in cells if cell.finding.code == "missing"]
    found = [(cell, cell.finding.message) for cell in cells if cell not in empty]
    if empty:
        labels = {one.name: one.label for one in kind.contact_fields}
        names = ", ".join(f"“{labels[cell.field]}”" for cell in empty)
        found.insert(0, (empty[0], f"Chưa nhập {names}."))
    return [
        Violation(
            cell.finding.code,
            f"{kind.contact_title}: {message}",
            way_out="Sửa ở mục Văn bản và người liên hệ.",
            link=f"{page}#id_contact_{cell.field}",
        )
        for cell, message in found
    ]


def violations_of_sender(dossier: Dossier, *, today: date) -> list[Violation]:
    """Return the rules about the sender that can change while a dossier waits."""
    agency = dossier.agency
    found = [
        rules.decree_is_in_force(today),
        rules.sender_has_seal(agency.has_seal, agency.name),
        rules.sender_exists(agency.exists_on(today), agency.name),
    ]
    return [violation for violation in found if violation]


def violations_of_rows(
    dossier: Dossier, *, read: ListRead | None = None, now: datetime
) -> list[Violation]:
    """Return the errors of the rows and the rules over the list as a whole."""
    today = timezone.localdate(now)
    kind = kinds.get(dossier.kind)
    read = read or ListRead.of(dossier, now=now)
    found = [
        violation
        for row in read.rows
        for violation in violations_of(row.item.position, row.findings)
    ]
    routes = {
        rule.route
        for rule in rules_for(
            kind.procedure,
            office_id=dossier.office_id,
            storages={item.storage for item in read.items} or {""},
            today=today,
        )
    }
    if violation := rules.rows_go_one_way(sorted(routes)):
        found.append(violation)
    return found + row_rules.violations(dossier, read.items, now=now)


def violations_before_sending(dossier: Dossier, *, now: datetime) -> list[Violation]:
    """Return what stops the signed letter from leaving; judged on the day it is received."""
    today = timezone.localdate(now)
    found = violations_of_sender(dossier, today=today)
    # The register is asked again: the law's day is the day of receipt, not of the signature.
    found += row_rules.violations(dossier, list(row_rules.rows_of(dossier)), now=now)
    scan = rules.ink_needs_scan(dossier.signing_mode == SigningMode.INK, has_scan(dossier))
    return [*found, *([scan] if scan else [])]


def violations_of_transfers(items: QuerySet[DossierItem], *, today: date) -> list[Violation]:
    """Return what former agencies have against rows that are to be carried out (R41)."""
    asked = TransferInquiry.objects.filter(item__in=items).select_related("item").order_by("item")
    found = (
        former_agency_has_spoken(
            one.answer,
            one.due_on,
            today,
            row=one.item.position,
            name=one.item.title,
            reason=one.reason,
        )
        for one in asked
    )
    return [violation for violation in found if violation]


def has_scan(dossier: Dossier) -> bool:
    """Say whether the signed scan of the present letter is attached."""
    return dossier.attachments.filter(kind=Attachment.Kind.SIGNED_SCAN, is_current=True).exists()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the decision page: a rule, and whether the dossier keeps it."""

    name: str
    article: str
    status: str  # "passed", "failed", "look"
    message: str = ""
    rows: Sequence[int] = ()  # that it is about


def say_at_rows(items: Iterable[DossierItem], lines: Sequence[Check]) -> None:
    """Let each of ``items`` carry what the lines ask to be looked at about it."""
    for item in items:
        item.looks = [one.message for one in lines if item.position in one.rows]


def checks(dossier: Dossier, *, reader: User, now: datetime) -> list[Check]:
    """Return the rules one by one for the person who decides."""
    today = timezone.localdate(now)
    failed = violations_of_rows(dossier, now=now) + violations_of_sender(dossier, today=today)
    lines = [
        Check(name=str(title), article=article, status="passed")
        for code, title, article in (*CATALOGUE, *kinds.get(dossier.kind).judged)
        if code not in {violation.code for violation in failed}
    ]
    lines += [
        Check(
            name=f"Dòng {violation.row}" if violation.row else "Toàn hồ sơ",
            article=violation.article,
            status="failed",
            message=violation.message,
        )
        for violation in failed
    ]
    mode, reason = dossier.signing_mode, dossier.signing_reason
    if mode == SigningMode.INK:
        lines.append(
            Check(
                name="Văn bản ký tay, đóng dấu",
                article="Nghị định 30/2020/NĐ-CP",
                status="look",
                message=f"{reason} Đối chiếu chữ ký và con dấu trên bản quét.",
            )
        )
    rows = row_findings(dossier, reader=reader, now=now)
    lines += [
        Check(
            name=f"Dòng {row.item.position}: {row.item.title}",
            article="",
            status="look",
            message=one.finding.message,
            rows=(row.item.position,),
        )
        for row in rows
        for one in row.findings
        if one.finding.severity is Severity.WARNING and not one.finding.asks
    ]
    lines += _questions_asked(dossier, rows)
    lines += [
        Check(name=one.name, article=one.article, status="look", message=one.message)
        for one in second_looks(dossier, reader=reader, now=now)
    ]
    if reader.scope is Scope.CA:  # an agency or office never learns what a person holds elsewhere
        lines += _certificates_held(dossier, now=now)
    return lines


def _questions_asked(dossier: Dossier, rows: Sequence[RowFindings]) -> list[Check]:
    """Return what was asked about the rows with the sender's answers, and what the reader's part
    of the register asks beside."""
    asked = questions_of(dossier, rows)
    lines = [
        Check(
            name=f"Dòng {one.places}: {one.label}",
            article="",
            status="look",
            message=one.message,
            rows=one.rows,
        )
        for one in asked
        if one.answer is None
    ]
    items = list(dossier.items.all())
    for one in dossier.question_answers.select_related("said_by"):
        places = [
            item.position
            for item in items
            if question_key(one.code, one.field, str(item.answers.get(one.field, "")))
            == one.question
        ]
        if places:
            question = Question(
                key=one.question, code=one.code, field=one.field, label="", value="",
                message=one.message, suggestion="", rows=places, answer=one,
            )  # fmt: skip
            lines.append(
                Check(
                    name=f"Dòng {question.places}",
                    article="",
                    status="look",
                    message=f"{one.message} {one.said_by.full_name} trả lời: {one.answer}",
                    rows=places,
                )
            )
    return lines


def _certificates_held(dossier: Dossier, *, now: datetime) -> list[Check]:
    """R45: one personal certificate is enough; say who holds one already, for the CA to judge."""
    rows = {item.identity_hash: item for item in dossier.items.all() if item.identity_hash}
    held = (
        Certificate.objects.valid_at(now)
        .filter(subscriber__identity_hash__in=list(rows))
        .exclude(result_of__dossier=dossier)
        .select_related("agency", "subscriber")
    )
    return [
        Check(
            name=f"Dòng {rows[one.subscriber.identity_hash or ''].position}: {one.common_name}",
            article="Mỗi cá nhân chỉ cần một chứng thư",
            status="look",
            message=f"Đang có chứng thư {one.serial} ({one.agency.name}) còn hiệu lực đến "
            f"{timezone.localdate(one.not_after):%d/%m/%Y}. Xem có phải gia hạn, thay đổi thông "
            "tin (Mẫu 04) hay cấp thêm thiết bị khác loại.",
        )
        for one in held
    ]


CATALOGUE = (
    ("sender_has_no_seal", "Đơn vị gửi có tư cách pháp nhân, con dấu riêng", "Điều 10"),
    ("sender_dissolved", "Đơn vị gửi đang hoạt động", "Điều 17; 275/BCY-CTSBMTT"),
    ("decree_not_in_force", "Đúng biểu mẫu của Nghị định 68/2024/NĐ-CP", "Điều 41"),
    ("missing", "Đủ thông tin bắt buộc ở từng dòng", "Điều 10"),
    ("public_provider", "Thư điện tử công vụ do cơ quan nhà nước cấp", "Chú thích Mẫu 01, 02"),
    ("duplicate_open", "Không trùng với hồ sơ khác đang xử lý", "Điều 10"),
    ("rows_go_different_ways", "Các dòng cùng một nơi nhận", "Quy định nơi nhận"),
)
