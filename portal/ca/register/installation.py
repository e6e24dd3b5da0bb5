"""A new certificate is put on the old device; then, or after a while, the old one ends.

Điều 12 and Điều 14 Nghị định 68/2024/NĐ-CP keep the device: the CA mails a new *.cer file, which is
imported beside the key it belongs to (S2 mục 4–5).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import groupby

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.audit.services import Act, record
from portal.ca.models import Certificate, RevocationReason
from portal.ca.register.services import revoke_many
from portal.core import law
from portal.core.roles import Capability
from portal.core.rules import Refused, Violation
from portal.notices.services import tell

SUPERSEDED_AFTER = timedelta(days=law.SUPERSEDED_AFTER_DAYS)
_AT_ONCE = 500


def may_confirm(certificate: Certificate, user: User, *, now: datetime) -> bool:
    """Say whether there is an installation for ``user`` to confirm."""
    waits = certificate.predecessor_id is not None and certificate.installed_at is None
    return waits and user.can(Capability.CONFIRM_INSTALLATION) and certificate.is_valid(now)


@transaction.atomic
def confirm_installed(certificate: Certificate, *, actor: User, now: datetime) -> Certificate:
    """Note that ``certificate`` is on its device; what stood before it is revoked as superseded.

    That may be several: a certificate can be replaced again before it was put on the device.

    Confirming again changes nothing. Raises Certificate.DoesNotExist (not the actor's to see),
    PermissionDenied (no clerk) or Refused.
    """
    seen = Certificate.objects.visible_to(actor).get(pk=certificate.pk)
    if not actor.can(Capability.CONFIRM_INSTALLATION):
        raise PermissionDenied("the agency's clerk confirms installations")
    if seen.predecessor_id is None:
        raise Refused(_NOTHING_TO_INSTALL)
    # Those on its key up to itself, the oldest first, locked in the order of all who lock them.
    found = Certificate.objects.select_for_update(of=("self",), no_key=True)
    found = found.filter(key=seen.key_id, pk__lte=seen.pk)
    *before, new = found.select_related("agency", "office").defer("der").order_by("pk")
    if new.installed_at is not None:
        return new
    if not new.is_valid(now):
        raise Refused(_NOT_VALID)
    new.installed_at = now
    new.save(update_fields=["installed_at"])
    reasons = dict.fromkeys((one.pk for one in before), RevocationReason.SUPERSEDED)
    revoke_many(before, reasons, actor=actor, now=now)
    act = Act(
        action="certificate.confirm_installed",
        target_type="certificate",
        target_uuid=new.uuid,
        agency_uuid=new.agency.uuid,
        office_uuid=new.office.uuid if new.office else None,
        data={"serial": new.serial, "superseded": before[-1].serial},
    )
    record(act, actor=actor, now=now)
    return new


def revoke_superseded(*, now: datetime) -> int:
    """Revoke what was replaced 7 days ago, confirmed or not; return how many.

    Each replacement is looked at once, however many there ever were (``Certificate.settled_at``).
    Safe to repeat and twice at once: what another sweep revoked is left alone.
    """
    due = Certificate.objects.unsettled(now - SUPERSEDED_AFTER).order_by("issued_at", "pk")
    count = 0
    while chunk := list(due.values_list("pk", "predecessor")[:_AT_ONCE]):
        count += _settle(dict(chunk), now=now)
    return count


@transaction.atomic
def _settle(old_of: Mapping[int, int | None], *, now: datetime) -> int:
    """Revoke what still stands of the certificates that were replaced; return how many.

    ``old_of`` goes from the key of the new one to that of the old one.
    """
    # Old and new in the order of all who lock them: somebody may just confirm the new one.
    both = Certificate.objects.filter(pk__in={*old_of, *old_of.values()})
    locked = (
        both.select_for_update(no_key=True).only("pk", "revoked_at", "not_after").order_by("pk")
    )
    replaced = set(old_of.values())
    old = [
        one
        for one in locked
        if one.pk in replaced and one.revoked_at is None and one.not_after > now
    ]
    reasons = dict.fromkeys((one.pk for one in old), RevocationReason.SUPERSEDED)
    ended = revoke_many(old, reasons, actor=None, now=now)
    Certificate.objects.filter(pk__in=old_of).update(settled_at=now)
    news = Certificate.objects.filter(predecessor__in=ended, installed_at__isnull=True)
    waiting = list(news.only("pk", "uuid", "agency_id").order_by("agency", "pk"))
    # The clerks hear that the old certificates sign no more and the new ones must be used.
    title = _("%(count)d chứng thư cũ đã hết giá trị vì được thay bằng chứng thư mới")
    for agency_id, of_agency in groupby(waiting, key=lambda one: one.agency_id):
        first, *others = of_agency
        tell(
            User.objects.who_can(Capability.CONFIRM_INSTALLATION, agency_id=agency_id),
            cause=f"superseded:{first.pk}",
            title=title % {"count": 1 + len(others)},
            text=_("Nếu chưa cài chứng thư mới vào thiết bị, hãy cài ngay rồi xác nhận trên cổng."),
            path=reverse("ca:list") + "?state=to_install"
            if others
            else reverse("ca:detail", args=[first.uuid]),
            target_type="certificate",
            target_uuid=first.uuid,
            now=now,
        )
    return len(ended)


_NOTHING_TO_INSTALL = Violation(
    "nothing_to_install",
    "Chứng thư này không do gia hạn, thay đổi thông tin mà có nên không phải xác nhận cài đặt.",
    "Điều 12, Điều 14 Nghị định 68/2024/NĐ-CP",
    way_out="Chứng thư cấp mới đi cùng thiết bị; chỉ cần bàn giao thiết bị.",
)
_NOT_VALID = Violation(
    "not_valid",
    "Chứng thư này không còn hiệu lực nên không xác nhận cài đặt được.",
    "Điều 12, Điều 14 Nghị định 68/2024/NĐ-CP",
    way_out="Mở trang Chứng thư để xem chứng thư đang dùng của thuê bao.",
)
