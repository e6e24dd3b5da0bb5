"""What is done about differences between the register and a list: taken over, asked, reported.

The body whose certificate it is answers: it is used, or a Mẫu 05 is opened for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit import services as audit
from portal.core.roles import Capability, roles_that_can
from portal.core.rules import refuse
from portal.core.text.numbers import with_dots
from portal.core.web.waiting import Waiting
from portal.estate import services
from portal.estate.acts import delivery_act
from portal.estate.models import DeliveredRow, Delivery, Remedy, Verdict
from portal.notices import services as notices
from requests_app.drafts.prefilled import start_dossier
from requests_app.models import Dossier
from requests_app.rules.revocation import Cause
from requests_app.spreadsheets import MAX_ROWS

REMEDIES: Mapping[str, tuple[Remedy, ...]] = {
    Verdict.NEW: (Remedy.TAKE, Remedy.REPORT),
    Verdict.CHANGED: (Remedy.TAKE, Remedy.ASK, Remedy.REPORT),
    Verdict.DIFFERENT: (Remedy.ASK, Remedy.REVOKE, Remedy.REPORT),
    Verdict.ONLY_HERE: (Remedy.ASK, Remedy.REVOKE, Remedy.REPORT),
}
_ASKS = (Remedy.ASK, Remedy.REVOKE)
_TARGET = "estate_question"


@transaction.atomic
def mend(
    delivery: Delivery,
    verdict: str,
    chosen: Collection[UUID] | None,
    remedy: str,
    *,
    actor: User,
    now: datetime,
) -> int:
    """Do the same about the chosen rows of one verdict, or all of it (None); return how many.

    Taken over, they come in in the background; asked about, each body is told once of all its
    certificates. What was asked is not asked again. Raises PermissionDenied, Refused.
    """
    delivery = services.lock(delivery, actor, Delivery.State.TRIAL, Delivery.State.DONE)
    if delivery.purpose != Delivery.Purpose.COMPARE or remedy not in REMEDIES.get(verdict, ()):
        raise refuse("no_such_remedy", _("Việc này không dùng cho các dòng ấy."))
    rows = delivery.rows.filter(verdict=verdict, carried_at__isnull=True)
    if chosen is not None:
        rows = rows.filter(uuid__in=chosen)
    rows = rows.exclude(remedy__in=_ASKS, answer="")  # their bodies are to answer first
    if remedy in _ASKS:
        rows = rows.filter(certificate__isnull=False, answer="")
    count = rows.update(remedy=remedy, remedy_at=now)
    if not count:
        raise refuse(
            "nothing_chosen",
            _("Không có dòng nào để làm việc này."),
            way_out=_("Đánh dấu ít nhất một dòng chưa hỏi đơn vị."),
        )
    if remedy in _ASKS:
        _tell_bodies(delivery, remedy, now=now)
    act = delivery_act("estate.mend", delivery, remedy=remedy, verdict=verdict, rows=count)
    audit.record(act, actor=actor, now=now)
    if remedy == Remedy.TAKE:
        services.start(delivery, actor=actor, now=now)
    return count


def _tell_bodies(delivery: Delivery, remedy: str, *, now: datetime) -> None:
    asked = delivery.rows.filter(remedy=remedy, remedy_at=now).order_by()
    counts = dict(asked.values_list("certificate__agency").annotate(Count("pk")))
    bodies = Agency.objects.in_bulk(list(counts))
    clerks: defaultdict[int, list[User]] = defaultdict(list)
    for user in User.objects.filter(
        agency__in=bodies, is_active=True, role__in=roles_that_can(Capability.DRAFT)
    ):
        clerks[user.agency_id].append(user)
    title = (
        _("Sở đề nghị thu hồi %(count)s chứng thư")
        if remedy == Remedy.REVOKE
        else _("Sở hỏi %(count)s chứng thư: còn dùng hay thu hồi?")
    )
    tellings = [
        notices.Telling(
            recipient_id=user.pk,
            cause=f"estate-{remedy}:{delivery.uuid}:{body}:{now:%Y%m%d%H%M%S%f}",
            title=title % {"count": with_dots(counts[body])},
            text=_("Qua đối chiếu “%(title)s”. Trả lời từng chứng thư, hoặc lập Mẫu 05.")
            % {"title": delivery.title},
            path=reverse("estate:questions"),
            target_type=_TARGET,
            target_uuid=bodies[body].uuid,
            asks=True,
        )
        for body, users in sorted(clerks.items())
        for user in users
    ]
    notices.tell_many(tellings, now=now)


@transaction.atomic
def answer(
    chosen: Collection[UUID], said: str, words: str, *, actor: User, now: datetime
) -> Dossier | None:
    """Answer for the actor's body; return the Mẫu 05 that was opened, None where they are kept.

    Raises PermissionDenied, Refused when none of them waits, and as ``start_dossier`` does.
    """
    if not actor.can(Capability.DRAFT):
        raise PermissionDenied("the body's clerk answers")
    asked = DeliveredRow.objects.asked_of(actor).filter(uuid__in=chosen)
    services.hold(*Delivery.objects.filter(rows__in=asked).distinct())
    rows = list(
        asked.select_for_update(of=("self",), no_key=True)
        .select_related("delivery__office", "delivery__made_by", "certificate__agency")
        .defer("der", "certificate__der", "certificate__crl_entry")
        .order_by("pk")[:MAX_ROWS]
    )
    if not rows:
        raise refuse("nothing_to_answer", _("Hãy đánh dấu chứng thư còn chờ trả lời."))
    dossier = None
    certificates = [one.certificate for one in rows if one.certificate is not None]
    if said == DeliveredRow.Answer.REVOKE:
        dossier = start_dossier(
            "mau_05_revoke",
            actor=actor,
            now=now,
            certificates=certificates,
            answers={"cause": Cause.AGENCY, "reason": words},
        )
    DeliveredRow.objects.filter(pk__in=[one.pk for one in rows]).update(
        answer=said, answer_words=words, answered_by=actor, answered_at=now
    )
    for body in {one.agency for one in certificates}:
        waiting = DeliveredRow.objects.asked_of(actor).filter(certificate__agency=body)
        if not waiting.exists():
            notices.settle(_TARGET, body.uuid, now=now)
    by_delivery: defaultdict[Delivery, list[str]] = defaultdict(list)
    for row in rows:
        by_delivery[row.delivery].append(row.serial)
    for delivery, serials in by_delivery.items():
        notices.tell(
            [delivery.made_by],
            cause=f"estate-answer:{delivery.uuid}:{actor.agency_id}:{now:%Y%m%d%H%M%S%f}",
            title=_("%(body)s trả lời về %(count)d chứng thư")
            % {"body": actor.agency.name, "count": len(serials)},
            text=f"{DeliveredRow.Answer(said).label}. {words}",
            path=reverse("estate:delivery", args=[delivery.uuid]),
            target_type="delivery",
            target_uuid=delivery.uuid,
            now=now,
        )
        act = delivery_act("estate.answer", delivery, answer=said, serials=serials)
        audit.record(act, actor=actor, now=now)
    return dossier


def waiting_of(user: User) -> Iterator[Waiting]:
    """Say on a clerk's work list how many certificates the office asks about."""
    if count := DeliveredRow.objects.asked_of(user).order_by().count():
        path = reverse("estate:questions")
        yield Waiting(count, _("chứng thư Sở hỏi qua đối chiếu"), _("Trả lời"), path)
