"""Recording what a proceedings body asks for, taking a slip back, and deciding by a second person.

Điều 17 khoản 1: a certificate is revoked on their written request. No agency writes a Mẫu 05 for
it: the letter comes to the CA's desk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.agencies.models import Agency, AgencyKind
from portal.audit import services as audit
from portal.ca.models import Certificate
from portal.ca.register import services as ca
from portal.core.database.bulk import update_rows
from portal.core.roles import Capability
from portal.core.rules import Refused, Violation, refuse
from portal.core.text.identifiers import normalise_serial
from portal.core.text.names import key as name_key
from portal.core.text.vietnamese import nfc
from portal.core.web.waiting import Waiting
from portal.deadlines import services as deadlines
from portal.deadlines.models import DeadlineKind
from portal.documents import services as documents
from portal.documents.models import Document
from portal.notices import services as notices
from requests_app.acts import proceedings_act
from requests_app.catalogue.mau_05_revoke.effect import reason_of
from requests_app.models import ProceedingsItem, ProceedingsRequest
from requests_app.rules.revocation import CASES, Cause

TARGET = "proceedings_request"
ARTICLE = f"Khoản 1 {CASES}"
MOST_CERTIFICATES = 200  # of one letter
_OFFERED = 10  # certificates of the name that is given
Finding = ProceedingsItem.Finding
State = ProceedingsRequest.State


@dataclass(frozen=True, slots=True)
class ProceedingsFacts:
    """What the letter says."""

    asker_kind: str
    asker: str
    letter_number: str
    letter_date: date
    received_on: date
    basis: str
    named: str


def waiting_of(user: User) -> Iterator[Waiting]:
    """Say on the work list of who decides how many requests wait for them."""
    if not user.can(Capability.DECIDE_PROCEEDINGS):
        return
    if count := ProceedingsRequest.objects.visible_to(user).waiting().order_by().count():
        path = f"{reverse('proceedings:list')}?state=waiting"
        yield Waiting(count, _("yêu cầu của cơ quan tố tụng, công an"), _("Phê duyệt"), path)


@transaction.atomic
def record(
    facts: ProceedingsFacts,
    serials: Sequence[str],
    scan: UploadedFile[Any],
    *,
    keeps_findings: bool = False,
    actor: User,
    now: datetime,
) -> ProceedingsRequest:
    """Record a letter and the certificates it names; the CA's clock runs from its receipt.

    What can't be revoked stops the record, each serial with its reason, unless ``keeps_findings``:
    then it goes in with its finding, for the body is owed an answer about it all the same. Raises
    PermissionDenied or Refused.
    """
    _permit(actor, Capability.RECORD_PROCEEDINGS)
    today = timezone.localdate(now)
    asker_key = name_key(facts.asker)
    violations = []
    if facts.received_on > today:
        text = _("Ngày nhận không được sau hôm nay.")
        violations.append(Violation("received_in_future", text))
    elif facts.letter_date > facts.received_on:
        text = _("Ngày văn bản không được sau ngày nhận.")
        violations.append(Violation("letter_after_receipt", text))
    same = ProceedingsRequest.objects.visible_to(actor).filter(
        asker_key=asker_key, letter_number=facts.letter_number, letter_date=facts.letter_date
    )
    if standing := same.exclude(state=State.WITHDRAWN).first():
        at = timezone.localtime(standing.entered_at)
        violations.append(
            Violation(
                "recorded_already",
                _("Văn bản này đã được ghi lúc %(at)s.") % {"at": f"{at:%H:%M %d/%m/%Y}"},
                way_out=_("Mở yêu cầu đã ghi; nếu ghi thiếu thì bỏ yêu cầu đó rồi ghi lại."),
                link=reverse("proceedings:request", args=[standing.uuid]),
            )
        )
    wanted = list(dict.fromkeys(filter(None, map(normalise_serial, serials))))
    items = _items_of(wanted, now=now)
    if not wanted:
        violations.append(_no_serials(facts.named, actor, now=now))
    elif len(wanted) > MOST_CERTIFICATES:
        text = _("Một văn bản ghi tối đa %(most)d chứng thư.") % {"most": MOST_CERTIFICATES}
        violations.append(Violation("too_many_serials", text))
    elif not keeps_findings:
        violations += [_finding_violation(one) for one in items if one.finding]
    if violations:
        raise Refused(*violations)
    agency = Agency.objects.filter(kind=AgencyKind.CA, dissolved_on__isnull=True).first()
    request = ProceedingsRequest.objects.create(
        **asdict(facts),
        asker_key=asker_key,
        agency=agency or actor.agency,
        scan=documents.store_upload(scan, now=now),
        entered_by=actor,
        entered_at=now,
    )
    for one in items:
        one.request = request
    ProceedingsItem.objects.bulk_create(items)
    deadlines.open_deadline(
        DeadlineKind.CA_REVOKE,
        agency=request.agency,
        office=None,
        target_type=TARGET,
        target_uuid=request.uuid,
        title=_("Yêu cầu thu hồi %(letter)s") % {"letter": request.letter_words},
        path=reverse("proceedings:request", args=[request.uuid]),
        received_on=request.received_on,
        now=now,
    )
    deciders = User.objects.who_can(Capability.DECIDE_PROCEEDINGS, agency_id=request.agency_id)
    _tell(request, deciders, "recorded", _("Cần phê duyệt: yêu cầu thu hồi %s"), now=now, asks=True)
    act = proceedings_act("proceedings.record", request, serials=wanted)
    audit.record(act, actor=actor, now=now)
    return request


@transaction.atomic
def withdraw(
    request: ProceedingsRequest, reason: str, *, actor: User, now: datetime
) -> ProceedingsRequest:
    """Take back what was recorded by mistake. Raises PermissionDenied or Refused."""
    _permit(actor, Capability.RECORD_PROCEEDINGS)
    locked = _lock_waiting(request, actor=actor)
    _close(locked, State.WITHDRAWN, _reason(reason), actor=actor, now=now)
    act = proceedings_act("proceedings.withdraw", locked, reason=locked.reason)
    audit.record(act, actor=actor, now=now)
    return locked


@transaction.atomic
def refuse_request(
    request: ProceedingsRequest, reason: str, *, actor: User, now: datetime
) -> ProceedingsRequest:
    """Revoke nothing; the body is answered with the reason. Raises as ``accept``."""
    locked = _lock_for_decision(request, actor=actor)
    _close(locked, State.REFUSED, _reason(reason), actor=actor, now=now)
    _tell(locked, [locked.entered_by], "refused", _("Không chấp nhận: yêu cầu %s"), now=now)
    act = proceedings_act("proceedings.refuse", locked, reason=locked.reason)
    audit.record(act, actor=actor, now=now)
    return locked


@transaction.atomic
def accept(request: ProceedingsRequest, *, actor: User, now: datetime) -> ProceedingsRequest:
    """Revoke what is still to be revoked, with everything on the same keys.

    OCSP knows with this transaction; ``papers.answer_waiting`` prints the answer and the notices.
    Raises PermissionDenied, or Refused: decided already, the one who recorded it, nothing left.
    """
    locked = _lock_for_decision(request, actor=actor)
    items = locked.items.select_related("certificate")
    keys = set(items.filter(certificate__isnull=False).values_list("certificate__key", flat=True))
    standing = ca.lock_standing(keys, now=now)
    named = list(items.defer("certificate__der", "certificate__crl_entry"))
    falling: list[Certificate] = []
    for item in named:
        certificate = item.certificate
        found = standing.get(certificate.key_id, []) if certificate else []
        here = [one for one in found if not one.is_outside]
        item.is_revoked, item.finding = bool(here), _finding_of(certificate, now=now)
        falling += here
    if not falling:
        raise refuse(
            "nothing_to_revoke",
            _("Không còn chứng thư nào trong yêu cầu này để thu hồi."),
            article=ARTICLE,
            way_out=_("Chọn “Không chấp nhận” và nêu lý do để trả lời cơ quan yêu cầu."),
        )
    update_rows(named, ["is_revoked", "finding"])
    _close(locked, State.ACCEPTED, "", actor=actor, now=now)
    _tell(locked, [locked.entered_by], "accepted", _("Đã phê duyệt: yêu cầu thu hồi %s"), now=now)
    reason = reason_of(Cause.PROCEEDINGS)
    falling = list({one.pk: one for one in falling}.values())
    ca.revoke_many(falling, {one.pk: reason for one in falling}, actor=actor, now=now)
    serials = sorted({one.serial for one in falling})
    act = proceedings_act("proceedings.accept", locked, serials=serials)
    audit.record(act, actor=actor, now=now)
    return locked


@transaction.atomic
def open_letter(request: ProceedingsRequest, *, actor: User, now: datetime) -> Document:
    """Return the scan of the letter; who reads it is recorded."""
    audit.record(proceedings_act("proceedings.read_letter", request), actor=actor, now=now)
    return request.scan


def may_decide(request: ProceedingsRequest, user: User) -> bool:
    """Say whether ``user`` is the second pair of eyes on what waits."""
    is_second = user.can(Capability.DECIDE_PROCEEDINGS) and not _is_first(request, user)
    return request.state == State.WAITING and is_second


def _permit(actor: User, capability: Capability) -> None:
    if not actor.can(capability):
        raise PermissionDenied(f"who can {capability}")


def _is_first(request: ProceedingsRequest, user: User) -> bool:
    return user.is_same_person_as(request.entered_by)


def _lock_waiting(request: ProceedingsRequest, *, actor: User) -> ProceedingsRequest:
    visible = ProceedingsRequest.objects.visible_to(actor)
    rows = visible.select_for_update(of=("self",), no_key=True)
    locked = rows.select_related("agency", "entered_by").get(pk=request.pk)
    if locked.state != State.WAITING:
        raise refuse(
            "request_decided",
            _("Yêu cầu này đã được xử lý: %(state)s.") % {"state": locked.get_state_display()},
            way_out=_("Tải lại trang để xem kết quả."),
        )
    return locked


def _lock_for_decision(request: ProceedingsRequest, *, actor: User) -> ProceedingsRequest:
    _permit(actor, Capability.DECIDE_PROCEEDINGS)
    locked = _lock_waiting(request, actor=actor)
    if _is_first(locked, actor):
        raise refuse(
            "same_person",
            _("Người ghi yêu cầu không tự phê duyệt yêu cầu đó."),
            way_out=_("Đề nghị một cán bộ phê duyệt khác."),
        )
    return locked


def _reason(reason: str) -> str:
    if not (reason := nfc(reason).strip()):
        raise refuse("no_reason", _("Phải nêu rõ lý do."), way_out=_("Ghi lý do rồi làm lại."))
    return reason


def _close(
    request: ProceedingsRequest, state: State, reason: str, *, actor: User, now: datetime
) -> None:
    request.state, request.reason = state, reason
    request.decided_by, request.decided_at = actor, now
    request.save(update_fields=["state", "reason", "decided_by", "decided_at"])
    if state == State.WITHDRAWN:
        deadlines.cancel(DeadlineKind.CA_REVOKE, [request.uuid], now=now)
    else:
        deadlines.close(DeadlineKind.CA_REVOKE, request.uuid, now=now)
    notices.settle(TARGET, request.uuid, now=now)


def _tell(
    request: ProceedingsRequest,
    people: Any,
    what: str,
    title: str,
    *,
    now: datetime,
    asks: bool = False,
) -> None:
    notices.tell(
        people,
        cause=f"proceedings:{request.uuid}:{what}",
        title=title % request.letter_words,
        text=request.reason,
        path=reverse("proceedings:request", args=[request.uuid]),
        target_type=TARGET,
        target_uuid=request.uuid,
        asks=asks,
        now=now,
    )


def _items_of(serials: Sequence[str], *, now: datetime) -> list[ProceedingsItem]:
    """Return a row for each serial, with what stands against revoking it."""
    found = Certificate.objects.filter(serial__in=serials).defer("der", "crl_entry")
    known = {one.serial: one for one in found}
    asked = set(
        ProceedingsItem.objects.filter(
            certificate__in=known.values(), request__state=State.WAITING
        ).values_list("certificate_id", flat=True)
    )
    items = []
    for position, serial in enumerate(serials, 1):
        certificate = known.get(serial)
        finding = _finding_of(certificate, now=now)
        if not finding and certificate and certificate.pk in asked:
            finding = Finding.ASKED
        items.append(
            ProceedingsItem(
                position=position, serial=serial[:40], certificate=certificate, finding=finding
            )
        )
    return items


def _finding_of(certificate: Certificate | None, *, now: datetime) -> Finding:
    if certificate is None:
        return Finding.UNKNOWN
    if certificate.is_outside:
        return Finding.KEPT_ELSEWHERE
    if certificate.revoked_at is not None:
        return Finding.REVOKED
    return Finding.EXPIRED if certificate.not_after <= now else Finding.NONE


def _finding_violation(item: ProceedingsItem) -> Violation:
    certificate = item.certificate
    link = reverse("ca:detail", args=[certificate.uuid]) if certificate else ""
    return Violation(
        item.finding,
        f"{item.serial}: {finding_words(item)}.",
        ARTICLE,
        item.position,
        _("Xem lại số hiệu; nếu văn bản ghi đúng như vậy thì chọn ghi cả số hiệu này để trả lời."),
        link,
    )


def finding_words(item: ProceedingsItem) -> str:
    """Say what stands against revoking, with its day or the CA that keeps it."""
    certificate, words = item.certificate, str(Finding(item.finding).label)
    if certificate is None:
        return words
    if item.finding == Finding.REVOKED and certificate.revoked_at:
        return f"{words}, ngày {timezone.localdate(certificate.revoked_at):%d/%m/%Y}"
    if item.finding == Finding.EXPIRED:
        return f"{words} ngày {timezone.localdate(certificate.not_after):%d/%m/%Y}"
    if item.finding == Finding.KEPT_ELSEWHERE and certificate.issuer_name:
        return f"{words} ({certificate.issuer_name})"
    return words


def _no_serials(named: str, actor: User, *, now: datetime) -> Violation:
    """Offer the certificates of the name; which is meant a person says, for names occur twice."""
    valid = Certificate.objects.visible_to(actor).valid_at(now)
    found = valid.found_by(named).for_list().order_by("serial")[:_OFFERED]
    offered = "; ".join(f"{one.serial} ({one.common_name}, {one.agency.name})" for one in found)
    return Violation(
        "no_serials",
        _("Chưa ghi số hiệu chứng thư."),
        way_out=_("Chứng thư còn hiệu lực mang tên này: %(offered)s.") % {"offered": offered}
        if offered
        else _("Không có chứng thư còn hiệu lực nào mang tên này; xem lại tên trong văn bản."),
    )
