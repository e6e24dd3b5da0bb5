"""Everything that can be said about a dossier before it goes on: rows, rules, what to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q
from django.utils import timezone

from portal.accounts.models import User
from portal.ca.models import Certificate
from portal.core.roles import Scope
from portal.core.rules import Violation
from requests_app import kinds
from requests_app.kinds import reissue_warning as reissue
from requests_app.kinds import row_rules
from requests_app.kinds.base import CellFinding, EffectKind, Kind, check_list, violations_of
from requests_app.kinds.duplicates import standing_rows
from requests_app.kinds.named_bodies import bodies_of
from requests_app.models import Attachment, Dossier, DossierItem, SigningMode
from requests_app.routing.services import rules_for
from requests_app.rules import dossiers as rules


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
    return looks + (list(_asked_elsewhere(dossier, items)) if is_ca else [])


def _taken_over(
    dossier: Dossier, items: Sequence[DossierItem], *, names_bodies: bool
) -> list[SecondLook]:
    """R41: with these rows a person and a device go from another body to the sender."""
    if not kinds.get(dossier.kind).takes_over:
        return []
    own = bodies_of(dossier.agency)
    return [
        SecondLook(
            f"Dòng {item.position}: {item.title}",
            f"Chứng thư do {item.certificate.agency.name if names_bodies else 'cơ quan khác'} "
            "quản lý. Xem có văn bản điều động, tiếp nhận; khi thực hiện, người này và thiết bị "
            "chuyển sang đơn vị gửi.",
            "Quy định quản lý chữ ký số, Điều 11 khoản 6",
        )
        for item in items
        if item.certificate is not None and item.certificate.agency_id not in own
    ]


def _asked_elsewhere(dossier: Dossier, items: Sequence[DossierItem]) -> Iterator[SecondLook]:
    """Say which other body's open dossier speaks of the same certificate or device."""
    certificates = {item.certificate_id: item for item in items if item.certificate_id}
    devices = {item.device_id: item for item in items if item.device_id}
    if not certificates and not devices:
        return
    others = standing_rows(set(EffectKind)).exclude(dossier__agency=dossier.agency)
    found = others.filter(Q(certificate__in=certificates) | Q(device__in=devices))
    for other in found.select_related("dossier__agency").order_by("pk"):
        item = certificates.get(other.certificate_id or 0) or devices[other.device_id or 0]
        number = kinds.get(other.dossier.kind).number
        yield SecondLook(
            f"Dòng {item.position}: {item.title}",
            f"Đang có ở hồ sơ Mẫu {number} số {other.dossier.letter_number or '(chưa có số)'} của "
            f"{other.dossier.agency.name}.",
        )


@dataclass(frozen=True, slots=True)
class RowFindings:
    """What was found in one row."""

    item: DossierItem
    findings: list[CellFinding]


def row_findings(dossier: Dossier, *, today: date) -> list[RowFindings]:
    """Return the findings of every row that has any, in order."""
    items = list(dossier.items.all())
    found = check_list(
        kinds.get(dossier.kind),
        [item.answers for item in items],
        today,
        variant=dossier.variant,
    )
    return [
        RowFindings(item, findings) for item, findings in zip(items, found, strict=True) if findings
    ]


def contact_violations(kind: Kind, dossier: Dossier, *, today: date) -> list[Violation]:
    """Return what is wrong in section 1 of the form."""
    return [
        Violation(finding.code, f"{kind.contact_title}: {finding.message}")
        for finding in kind.contact_findings(dossier.contact, today)
    ]


def violations_before_signing(dossier: Dossier, *, now: datetime) -> list[Violation]:
    """Return every reason why the dossier can't go to the head; empty when it can."""
    today = timezone.localdate(now)
    kind = kinds.get(dossier.kind)
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
        *contact_violations(kind, dossier, today=today),
        *violations_of_rows(dossier, now=now),
        *violations_of_sender(dossier, today=today),
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


def violations_of_rows(dossier: Dossier, *, now: datetime) -> list[Violation]:
    """Return the errors of the rows and the rules over the list as a whole."""
    today = timezone.localdate(now)
    kind = kinds.get(dossier.kind)
    found = [
        violation
        for row in row_findings(dossier, today=today)
        for violation in violations_of(row.item.position, row.findings)
    ]
    items = list(row_rules.rows_of(dossier))
    routes = {
        rule.route
        for rule in rules_for(
            kind.procedure,
            office_id=dossier.office_id,
            storages={item.storage for item in items} or {""},
            today=today,
        )
    }
    if violation := rules.rows_go_one_way(sorted(routes)):
        found.append(violation)
    return found + row_rules.violations(dossier, items, now=now)


def violations_before_sending(dossier: Dossier, *, now: datetime) -> list[Violation]:
    """Return what stops the signed letter from leaving; judged on the day it is received."""
    today = timezone.localdate(now)
    found = violations_of_sender(dossier, today=today)
    # The register is asked again: the law's day is the day of receipt, not of the signature.
    found += row_rules.violations(dossier, list(row_rules.rows_of(dossier)), now=now)
    scan = rules.ink_needs_scan(dossier.signing_mode == SigningMode.INK, has_scan(dossier))
    return [*found, *([scan] if scan else [])]


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
    lines += [
        Check(
            name=f"Dòng {row.item.position}: {row.item.title}",
            article="",
            status="look",
            message=one.finding.message,
        )
        for row in row_findings(dossier, today=today)
        for one in row.findings
        if one.finding.severity == "warning"
    ]
    lines += [
        Check(name=one.name, article=one.article, status="look", message=one.message)
        for one in second_looks(dossier, reader=reader, now=now)
    ]
    if reader.scope is Scope.CA:  # an agency or office never learns what a person holds elsewhere
        lines += _certificates_held(dossier, now=now)
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
