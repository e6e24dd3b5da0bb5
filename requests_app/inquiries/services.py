"""Who is asked, when a letter leaves; what they answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from portal.accounts.models import User
from portal.agencies.models import Agency, Inheritance
from portal.audit import services as audit
from portal.core import law
from portal.core.calendar.workdays import work_calendar
from portal.core.roles import Capability
from portal.core.rules import refuse
from portal.core.web.waiting import Waiting
from portal.notices import services as notices
from requests_app.acts import dossier_act
from requests_app.kinds.named_bodies import bodies_of
from requests_app.models import Dossier, TransferInquiry


def visible_to(user: User) -> QuerySet[TransferInquiry]:
    """Return the inquiries that ask ``user``'s own body."""
    found = TransferInquiry.objects.select_related("item__dossier__agency", "agency")
    if not user.can(Capability.DRAFT):
        return found.none()
    return found.filter(agency__in=user.body_ids)


def waiting_of(user: User) -> Iterator[Waiting]:
    """Say on the work list of who answers for a body how many people it is asked about."""
    if count := visible_to(user).filter(answer="").order_by().count():
        path = f"{reverse('requests_app:inquiries')}?state=open"
        yield Waiting(count, gettext("câu hỏi về người chuyển công tác"), gettext("Trả lời"), path)


def ask(dossier: Dossier, *, now: datetime) -> list[TransferInquiry]:
    """Ask the former agencies of the persons ``dossier`` takes over, in the caller's transaction.

    Who was asked already about a row is not asked again. Where a body has ended its successor
    answers; one that was divided has none, and nobody is asked.
    """
    today = timezone.localdate(now)
    items = list(
        dossier.items.filter(certificate__isnull=False, inquiry__isnull=True)
        .exclude(certificate__agency__in=bodies_of(dossier.agency))
        .select_related("certificate__agency")
        .defer("certificate__der", "certificate__crl_entry")
    )
    if not items:
        return []
    former = {item.certificate.agency_id for item in items if item.certificate}
    heirs: Mapping[int, Agency] = {
        one.ancestor_id: one.heir
        for one in Inheritance.objects.filter(ancestor__in=former)
        .select_related("heir")
        .order_by("pk")
        if one.heir.exists_on(today)
    }
    due_on = work_calendar().add(today, law.FORMER_AGENCY_WORKING_DAYS)
    made = []
    for item in items:
        assert item.certificate is not None
        agency: Agency | None = item.certificate.agency
        if agency is not None and not agency.exists_on(today):
            agency = heirs.get(agency.pk)
        if agency is not None:
            made.append(TransferInquiry(item=item, agency=agency, asked_at=now, due_on=due_on))
    TransferInquiry.objects.bulk_create(made)
    for agency in {one.agency for one in made}:
        names = ", ".join(one.item.title for one in made if one.agency_id == agency.pk)
        notices.tell(
            User.objects.who_can(Capability.DRAFT, agency_id=agency.pk),
            cause=f"transfer-inquiry:{dossier.uuid}:{dossier.round}:{agency.pk}",
            title=f"Cần trả lời trước {due_on:%d/%m/%Y}: người của đơn vị đã chuyển công tác chưa",
            text=f"{dossier.agency.name} đề nghị tiếp nhận chứng thư và thiết bị của: {names}.",
            path=reverse("requests_app:inquiries"),
            target_type="dossier",
            target_uuid=dossier.uuid,
            now=now,
        )
    return made


@transaction.atomic
def answer(
    inquiry: TransferInquiry, answer: str, *, reason: str = "", actor: User, now: datetime
) -> TransferInquiry:
    """Keep what the former agency says; it is said once.

    Raises TransferInquiry.DoesNotExist (another body's), PermissionDenied or Refused.
    """
    locked = TransferInquiry.objects.select_for_update(of=("self",), no_key=True)
    inquiry = locked.filter(agency__in=actor.body_ids).get(pk=inquiry.pk)
    if not actor.can(Capability.DRAFT):
        raise PermissionDenied("only who drafts for a body answers for it")
    if inquiry.answer:
        raise refuse("answered_already", "Đơn vị đã trả lời câu hỏi này.")
    if answer == TransferInquiry.Answer.STAYS and not reason.strip():
        raise refuse(
            "no_reason", "Phải nêu rõ vì sao người này chưa chuyển đi.", way_out="Ghi ý kiến."
        )
    inquiry.answer = TransferInquiry.Answer(answer)
    inquiry.reason = reason.strip()
    inquiry.answered_by, inquiry.answered_at = actor, now
    inquiry.save(update_fields=["answer", "reason", "answered_by", "answered_at"])
    dossier = inquiry.item.dossier
    data = {"row": inquiry.item.position, "answer": inquiry.answer}
    audit.record(dossier_act("dossier.answer_inquiry", dossier, data=data), actor=actor, now=now)
    return inquiry
