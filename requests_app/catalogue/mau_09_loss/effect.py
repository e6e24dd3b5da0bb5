"""Mẫu 09 is sent: the register knows the loss, and the revocation to be asked for lies ready.

The minutes themselves revoke nothing (DOMAIN 14.7): Điều 17 wants a request, which is drafted here
and signed by the body like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from devices import services as devices
from devices.ledger import lock
from devices.lifecycle import Condition, Move
from devices.losses import owe_minutes
from devices.models import CustodyMove, Device
from portal.accounts.models import User
from portal.ca.models import Certificate
from portal.core.roles import Capability
from portal.core.rules import Refused
from portal.notices import services as notices
from requests_app import kinds
from requests_app.drafts.prefilled import start_dossier
from requests_app.kinds.base import EffectKind
from requests_app.kinds.effects import Effect
from requests_app.models import Dossier, DossierItem
from requests_app.rules.revocation import Cause
from requests_app.workflow import ENDED, State

_REVOCATION = "mau_05_revoke"
_MOST_NAMED = 3  # devices named in a notice; the others are counted


def on_sent(dossier: Dossier, /, *, actor: User | None, now: datetime) -> None:
    """Enter what the minutes say and draft the request for revocation; safe to send again.

    Sent again after a correction with other devices, those left out are put right: what was lost
    by the word of these minutes alone is entered as found, of what was reported lost otherwise
    minutes are owed again.
    """
    assert actor is not None  # minutes are sent by a person
    named = [item.device for item in dossier.items.select_related("device") if item.device]
    if dossier.round > 1:
        # All that may move are held before the audit chain is, as by whoever moves one of them.
        lock([*named, *_lost_by_these_minutes(dossier, named)], actor=None)
    devices.loss_told(named, paper=_paper_of(dossier), actor=actor, now=now)
    if dossier.round > 1:
        _put_right(dossier, named, actor=actor, now=now)
    # Draft a Mẫu 05 for what still stands on the lost devices and no Mẫu 05 speaks of, drafts
    # included, and tell the clerks of it.
    codes = kinds.codes_with(EffectKind.REVOKE)
    asked = (
        DossierItem.objects.filter(dossier__kind__in=codes, certificate__isnull=False, outcome="")
        .exclude(dossier__state__in=ENDED)
        .order_by()
    )
    keys = [device.key_id for device in named if device.key_id]
    valid = Certificate.objects.visible_to(actor).valid_at(now).filter(key__in=keys)
    found = valid.exclude(pk__in=asked.values("certificate")).defer("der", "crl_entry")
    standing = list(found.order_by("common_name", "pk"))
    if not standing:
        return
    reason = f"Theo {_paper_of(dossier)[2]}"
    try:
        with transaction.atomic():
            draft = start_dossier(
                _REVOCATION,
                actor=actor,
                now=now,
                certificates=standing,
                answers={"cause": Cause.DEVICE_LOST, "reason": reason},
            )
    except Refused as refusal:
        # The minutes go out at once all the same (R30); the clerks learn why no draft lies ready.
        text = _("Chưa mở sẵn được hồ sơ: %(why)s") % {"why": refusal}
        _tell_to_ask(dossier, dossier, len(standing), text=text, now=now)
    else:
        text = _(
            "Hồ sơ nháp Mẫu 05 đã mở sẵn: kiểm tra từng dòng, đính kèm đề nghị của thuê bao là cá "
            "nhân, ghi số văn bản rồi trình ký."
        )
        _tell_to_ask(dossier, draft, len(standing), text=text, now=now)


def on_withdrawn(dossier: Dossier, /, *, actor: User | None, now: datetime) -> None:
    """Put right what the minutes said before they were returned and withdrawn."""
    if actor is not None and dossier.sent_at is not None:
        _put_right(dossier, (), actor=actor, now=now)


def _paper_of(dossier: Dossier) -> tuple[str, UUID, str]:
    label = f"Biên bản xác nhận thất lạc (Mẫu 09) số {dossier.letter_number}"
    return "dossier", dossier.uuid, label


def _put_right(dossier: Dossier, named: Sequence[Device], *, actor: User, now: datetime) -> None:
    """Undo as far as the ledger allows what earlier sendings said of devices not ``named`` now."""
    restored, standing = [], []
    for device in _lost_by_these_minutes(dossier, named):
        try:
            devices.make_move(
                device,
                Move.FIND,
                actor=actor,
                now=now,
                reason=_("Biên bản đã sửa không còn nêu thiết bị này."),
                paper=_paper_of(dossier),
            )
        except Refused:
            standing.append(device)
        else:
            restored.append(device)
    # The sender's lost devices that no minutes it has sent speak of.
    codes = kinds.codes_with(EffectKind.RECORD_LOSS)
    sent = Dossier.objects.filter(kind__in=codes, sent_at__isnull=False)
    sent = sent.exclude(state=State.WITHDRAWN).exclude(pk=dossier.pk)
    told = DossierItem.objects.filter(device__isnull=False, dossier__in=sent)
    untold = (
        Device.objects.filter(agency=dossier.agency, condition=Condition.LOST)
        .exclude(pk__in=[device.pk for device in named])
        .exclude(pk__in=told.order_by().values("device"))
        .select_related("agency", "office")
        .order_by("pk")
    )
    for device in list(untold):
        owe_minutes(device, now=now)
    # Tell the clerks what the correction did, and of the request that may lie half ready.
    if not restored and not standing:
        return
    sentences = []
    if restored:
        sentences.append(_("Đã ghi tìm lại được: %(serials)s.") % {"serials": _named(restored)})
    if standing:
        text = _("Vẫn ghi thất lạc vì không còn ở đơn vị: %(serials)s.")
        sentences.append(text % {"serials": _named(standing)})
    sentences.append(_("Nếu đã lập Mẫu 05 cho chứng thư trên các thiết bị này thì bỏ các dòng đó."))
    notices.tell(
        User.objects.who_can(Capability.DRAFT, agency_id=dossier.agency_id),
        cause=f"loss-corrected:{dossier.uuid}:{dossier.round}",
        title=_("Biên bản thất lạc không còn nêu %(count)s thiết bị")
        % {"count": len(restored) + len(standing)},
        text=" ".join(sentences),
        path=reverse("requests_app:detail", args=[dossier.uuid]),
        target_type="dossier",
        target_uuid=dossier.uuid,
        now=now,
    )


def _lost_by_these_minutes(dossier: Dossier, named: Sequence[Device]) -> list[Device]:
    """Return the devices whose present loss was entered by an earlier sending of ``dossier``."""
    reports = CustodyMove.objects.filter(device=OuterRef("pk"), move=Move.REPORT_LOST)
    return list(
        Device.objects.filter(
            condition=Condition.LOST,
            pk__in=CustodyMove.objects.filter(document_uuid=dossier.uuid).values("device"),
        )
        .annotate(lost_by=Subquery(reports.order_by("-pk").values("document_uuid")[:1]))
        .filter(lost_by=dossier.uuid)
        .exclude(pk__in=[device.pk for device in named])
        .order_by("pk")
    )


def _tell_to_ask(dossier: Dossier, about: Dossier, count: int, *, text: str, now: datetime) -> None:
    title = _("Đề nghị thu hồi %(count)s chứng thư trên thiết bị thất lạc (Mẫu 05)")
    notices.tell(
        User.objects.who_can(Capability.DRAFT, agency_id=about.agency_id),
        cause=f"loss-to-revoke:{dossier.uuid}:{about.pk}:{dossier.round}",
        title=title % {"count": count},
        text=text,
        path=reverse("requests_app:detail", args=[about.uuid]),
        target_type="dossier",
        target_uuid=about.uuid,
        now=now,
    )


def _named(found: Sequence[Device]) -> str:
    named = ", ".join(device.serial for device in found[:_MOST_NAMED])
    rest = len(found) - _MOST_NAMED
    return named + (_(" và %(count)s thiết bị khác") % {"count": rest} if rest > 0 else "")


EFFECT = Effect(on_sent=on_sent, on_withdrawn=on_withdrawn)
