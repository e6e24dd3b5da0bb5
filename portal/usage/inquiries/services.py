"""Asking about certificates that nobody signs with, and answering, many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.agencies.querysets import heirs_of
from portal.audit import services as audit
from portal.audit.services import Act
from portal.ca.models import Certificate
from portal.ca.querysets import CertificateQuerySet
from portal.core.roles import Capability, roles_that_can
from portal.core.rules import refuse
from portal.core.text.numbers import with_dots
from portal.notices import services as notices
from portal.usage.models import IdleInquiry
from portal.usage.querysets import idle_for
from portal.usage.rules import IDLE_DAYS, KEPT_FOR_DAYS
from requests_app.drafts.prefilled import start_dossier
from requests_app.models import Dossier
from requests_app.rules.revocation import Cause
from requests_app.spreadsheets import MAX_ROWS


@dataclass(frozen=True, slots=True)
class Asked:
    """How many were asked about, of how many bodies."""

    certificates: int
    bodies: int


def askable(certificates: CertificateQuerySet, *, now: datetime) -> CertificateQuerySet:
    """Return those that lie idle and that nobody is or was lately asked about."""
    lately = now - timedelta(days=KEPT_FOR_DAYS)
    standing = IdleInquiry.objects.filter(
        Q(answered_at__isnull=True) | Q(answered_at__gt=lately)
    ).order_by()
    idle = idle_for(certificates, IDLE_DAYS[0], now=now)
    return idle.exclude(pk__in=standing.values("certificate"))


@transaction.atomic
def ask(chosen: Collection[UUID] | None, *, actor: User, now: datetime) -> Asked:
    """Ask the bodies about idle certificates: those chosen, or all (None) that can be asked about.

    What does not lie idle, or was asked about lately, is left out. At most as many as fit a letter.
    Raises PermissionDenied, Refused when nothing is left.
    """
    if not actor.can(Capability.SUPERVISE_USE):
        raise PermissionDenied("who supervises asks")
    open_to_question = askable(Certificate.objects.visible_to(actor), now=now)
    if chosen is not None:
        open_to_question = open_to_question.filter(uuid__in=chosen)
    certificates = list(
        open_to_question.annotate(last=Max("usage_months__last_at"))
        .select_related("agency__office")
        .defer("der", "crl_entry")
        .order_by("not_after", "pk")[:MAX_ROWS]
    )
    if not certificates:
        raise refuse(
            "nothing_idle",
            _("Không có chứng thư nào để hỏi."),
            way_out=_("Chỉ hỏi về chứng thư không dùng, chưa hỏi hoặc đã trả lời lâu."),
        )
    inquiries = IdleInquiry.objects.bulk_create(
        [
            IdleInquiry(
                certificate=one,
                last_used_at=one.last,  # type: ignore[attr-defined]
                asked_by=actor,
                asked_at=now,
            )
            for one in certificates
        ],
        batch_size=500,
    )
    by_body: dict[int, list[IdleInquiry]] = defaultdict(list)
    for inquiry in inquiries:
        by_body[inquiry.certificate.agency_id].append(inquiry)
    for body, asked in sorted(by_body.items()):
        clerks = User.objects.filter(
            Q(agency=body) | Q(agency__in=heirs_of(body)),
            is_active=True,
            role__in=roles_that_can(Capability.DRAFT),
        )
        words = _("%(count)s chứng thư không dùng trên %(days)d ngày: giữ hay thu hồi?")
        notices.tell(
            clerks,
            cause=f"usage-idle:{body}:{timezone.localtime(now):%Y%m%d%H%M%S%f}",
            title=words % {"count": with_dots(len(asked)), "days": IDLE_DAYS[0]},
            text=_("Trả lời từng chứng thư: giữ lại và vì sao, hoặc lập Mẫu 05 đề nghị thu hồi."),
            path=reverse("usage:inquiries"),
            target_type="idle_inquiry",
            target_uuid=asked[0].certificate.agency.uuid,
            asks=True,
            now=now,
        )
    acts = [
        _act("idle_inquiry.ask", asked, agency_uuid=asked[0].certificate.agency.uuid)
        for _body, asked in sorted(by_body.items())
    ]
    audit.record_many(acts, actor=actor, now=now)
    return Asked(len(inquiries), len(by_body))


@transaction.atomic
def keep(chosen: Collection[UUID], reason: str, *, actor: User, now: datetime) -> int:
    """Answer that certificates are kept, and why; return how many.

    Raises PermissionDenied, Refused when none of them waits for an answer.
    """
    inquiries = _lock(chosen, actor=actor)
    _answer(inquiries, IdleInquiry.Answer.KEEP, reason, None, actor=actor, now=now)
    return len(inquiries)


@transaction.atomic
def ask_to_revoke(chosen: Collection[UUID], reason: str, *, actor: User, now: datetime) -> Dossier:
    """Answer that certificates shall go: open a Mẫu 05 filled in for them and return it.

    Raises PermissionDenied, Refused as ``keep`` and ``start_dossier`` do.
    """
    inquiries = _lock(chosen, actor=actor)
    dossier = start_dossier(
        "mau_05_revoke",
        actor=actor,
        now=now,
        certificates=[one.certificate for one in inquiries],
        answers={"cause": Cause.AGENCY, "reason": reason},
    )
    _answer(inquiries, IdleInquiry.Answer.REVOKE, reason, dossier, actor=actor, now=now)
    return dossier


def _lock(chosen: Collection[UUID], *, actor: User) -> list[IdleInquiry]:
    if not actor.can(Capability.REPORT_USE) or not actor.can(Capability.DRAFT):
        raise PermissionDenied("the body's clerk answers")
    waiting = IdleInquiry.objects.visible_to(actor).open().filter(uuid__in=chosen)
    found = list(
        waiting.select_related("certificate__agency")
        .defer("certificate__der", "certificate__crl_entry")
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    )
    if not found:
        raise refuse(
            "nothing_to_answer",
            _("Hãy chọn chứng thư còn chờ trả lời."),
        )
    return found


def _answer(
    inquiries: Sequence[IdleInquiry],
    answer: IdleInquiry.Answer,
    reason: str,
    dossier: Dossier | None,
    *,
    actor: User,
    now: datetime,
) -> None:
    IdleInquiry.objects.filter(pk__in=[one.pk for one in inquiries]).update(
        answer=answer,
        reason=reason,
        answered_by=actor,
        answered_at=now,
        dossier_uuid=dossier.uuid if dossier else None,
    )
    # What the body was told asks for an answer until nothing of it is left to answer.
    bodies = {one.certificate.agency.uuid: one.certificate.agency_id for one in inquiries}
    for uuid, body in bodies.items():
        if not IdleInquiry.objects.open().filter(certificate__agency=body).exists():
            notices.settle("idle_inquiry", uuid, now=now)
    act = _act("idle_inquiry.answer", inquiries, answer=answer, agency_uuid=min(bodies))
    audit.record(act, actor=actor, now=now)


def _act(
    action: str, inquiries: Sequence[IdleInquiry], *, agency_uuid: UUID, **data: object
) -> Act:
    office = inquiries[0].certificate.agency.office
    serials = [one.certificate.serial for one in inquiries]
    return Act(
        action=action,
        target_type="idle_inquiry",
        target_uuid=inquiries[0].uuid,
        agency_uuid=agency_uuid,
        office_uuid=office.uuid if office else None,
        data={"serials": serials, **data},
    )
