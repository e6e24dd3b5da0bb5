"""What still waits once a dossier has ended, for whom, and where it is done."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from devices.lifecycle import Condition, Custody
from devices.models import Device
from portal.ca.models import Certificate
from portal.core.roles import Capability
from requests_app import kinds
from requests_app.kinds.base import EffectKind
from requests_app.models import Dossier, Outcome
from requests_app.workflow import State

if TYPE_CHECKING:
    from portal.accounts.models import User

NAMED = 10  # devices named one by one
_OVER = (State.COMPLETED, State.PARTLY_COMPLETED, State.REJECTED)


@dataclass(frozen=True, slots=True)
class StillWaiting:
    """One thing to be done: what, who does it, and for those the link and its words."""

    words: str
    who: str
    url: str = ""
    label: str = ""


def still_waiting(dossier: Dossier, user: User, *, now: datetime) -> list[StillWaiting]:
    """Return what waits because of what was carried out, the next thing first.

    Who does it gets the link; everybody else reads who that is.
    """
    if dossier.state not in _OVER:
        return []
    effect = kinds.get(dossier.kind).effect
    done = dossier.items.filter(outcome=Outcome.DONE).order_by()
    found: list[StillWaiting] = []
    if effect in (EffectKind.ISSUE, EffectKind.REVOKE):
        about = Q(pk__in=done.exclude(device=None).values("device"))
        if effect is EffectKind.REVOKE:
            about |= Q(key__in=done.exclude(certificate=None).values("certificate__key"))
        devices = Device.objects.filter(about).exclude(condition=Condition.LOST)
        found += _of_devices(dossier, user, Counter(devices.values_list("custody", flat=True)))
        owed = devices.handed_over_without_notice().count() if effect is EffectKind.ISSUE else 0
        if owed:
            words = _("%(count)s thiết bị đã bàn giao, chưa thông báo bằng Mẫu 07") % {
                "count": owed
            }
            link = f"{reverse('requests_app:start')}?need=mau_07_handover"
            found.append(_for_clerk(dossier, user, words, link, _("Lập Mẫu 07")))
    if effect is EffectKind.RENEW_CHANGE:
        results = done.exclude(result=None).values("result")
        new = Certificate.objects.filter(pk__in=results).to_install(now).count()
        if new:
            words = _("%(count)s chứng thư mới chờ cài vào thiết bị đang dùng") % {"count": new}
            link = f"{reverse('ca:list')}?state=to_install"
            found.append(_for_clerk(dossier, user, words, link, _("Xem và xác nhận cài đặt")))
    if effect is EffectKind.RECOVER:
        # The PIN of a virtual token; a real device has its own.
        without = Device.objects.waiting_for(Custody.WITH_SUBSCRIBER).filter(
            pk__in=done.exclude(device=None).values("device"), key__token__isnull=False
        )
        unset = without.exclude(key__token__transport_pin="").select_related("subscriber")
        for device in unset[:NAMED]:
            holder = device.subscriber.name if device.subscriber else ""
            words = _("Thiết bị %(serial)s (%(holder)s) chờ đặt mã PIN mới") % {
                "serial": device.serial,
                "holder": holder,
            }
            link = reverse("devices:new_pin", args=[device.uuid])
            found.append(_for_clerk(dossier, user, words, link, _("Đặt mã PIN mới")))
    if effect is EffectKind.RECORD_LOSS:
        keys = dossier.items.exclude(device=None).order_by().values("device__key")
        if valid := Certificate.objects.valid_at(now).filter(key__in=keys).count():
            words = _("%(count)s chứng thư trên thiết bị thất lạc còn hiệu lực, chờ thu hồi") % {
                "count": valid
            }
            link = f"{reverse('requests_app:start')}?need=mau_05_revoke"
            found.append(_for_clerk(dossier, user, words, link, _("Lập Mẫu 05")))
    return found


def _of_devices(dossier: Dossier, user: User, places: Counter[str]) -> list[StillWaiting]:
    found = []
    if count := places[Custody.ALLOCATED]:
        words = _("%(count)s thiết bị đã cấp, chờ gửi về đơn vị") % {"count": count}
        who, url = dossier.addressee.name, ""
        if user.can(Capability.SUPPLY_DEVICES):
            url = reverse("devices:send", args=[dossier.agency.uuid])
        found.append(StillWaiting(words, who, url, _("Gửi thiết bị") if url else ""))
    for custody, text, page, label in (
        (
            Custody.ON_ITS_WAY,
            _("%(count)s thiết bị đang gửi về, chờ xác nhận đã nhận"),
            "devices:incoming",
            _("Xác nhận đã nhận"),
        ),
        (
            Custody.AT_AGENCY,
            _("%(count)s thiết bị chờ bàn giao cho thuê bao"),
            "devices:hand_over_many",
            _("Bàn giao"),
        ),
        (
            Custody.TO_BE_RETURNED,
            _("%(count)s thiết bị phải thu hồi từ thuê bao"),
            "devices:take_back_many",
            _("Nhận lại thiết bị"),
        ),
    ):
        if count := places[custody]:
            words = text % {"count": count}
            found.append(_for_clerk(dossier, user, words, reverse(page), label))
    if count := places[Custody.BACK_AT_AGENCY]:
        words = _("%(count)s thiết bị đã thu hồi, chờ nộp lại kèm Mẫu 08") % {"count": count}
        link = f"{reverse('requests_app:start')}?need=mau_08_return"
        found.append(_for_clerk(dossier, user, words, link, _("Lập Mẫu 08")))
    return found


def _for_clerk(dossier: Dossier, user: User, words: str, url: str, label: str) -> StillWaiting:
    """Return what the body's clerk does: to others without the link."""
    is_theirs = user.can(Capability.KEEP_DEVICES) and dossier.agency_id in user.body_ids
    who = _("Văn thư %(agency)s") % {"agency": dossier.agency.name}
    return StillWaiting(words, who, url if is_theirs else "", label if is_theirs else "")


def refused_rows(dossier: Dossier, user: User) -> int:
    """Return how many refused rows ``user`` may file anew; 0 while it is not over."""
    is_theirs = user.can(Capability.DRAFT) and dossier.agency_id in user.body_ids
    if not is_theirs or dossier.state not in _OVER:
        return 0
    return dossier.items.filter(outcome=Outcome.REFUSED).count()
