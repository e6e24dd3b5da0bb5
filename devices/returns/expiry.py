"""Certificates that ran out: their devices are recalled, each once, however late the sweep comes.

The clock begins with the delivery of the notice (DOMAIN 14.5), that is when the sweep recalls.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.ledger import Paper, audit, lock
from devices.lifecycle import Move
from devices.models import Device, ExpiryMark, RecallPutOff
from devices.querysets import DeviceQuerySet
from devices.returns.services import begin_return
from portal.ca.models import Certificate

CERTIFICATES_AT_ONCE = 500


@transaction.atomic
def recall_expired(*, now: datetime, most: int = CERTIFICATES_AT_ONCE) -> int:
    """Recall the devices of the next certificates that have expired; return how many were seen.

    0 when all were. Goes through the certificates in order of their end and keeps a mark, so each
    is looked at once; twice at once, the second waits for the first. One that carries a valid
    successor, and one out of reach, are left (``begin_return``); one whose renewal is to be
    answered is looked at again once it is.
    """
    ExpiryMark.objects.get_or_create(pk=1)
    # Locked without a join, whose other side would be as it was before.
    mark = ExpiryMark.objects.select_for_update(no_key=True).get(pk=1)
    found = Certificate.objects.expired(now).only("key_id", "not_after")
    if (last := mark.certificate) is not None:
        # The first condition lets the index begin where the last run stopped.
        found = found.filter(not_after__gte=last.not_after).filter(
            Q(not_after__gt=last.not_after) | Q(pk__gt=last.pk)
        )
    ended = list(found.order_by("not_after", "pk")[:most])
    if not ended:
        return _recall_answered(now=now, most=most)
    _recall(Device.objects.filter(key__in=[one.key_id for one in ended]), now=now)
    ExpiryMark.objects.filter(pk=mark.pk).update(certificate=ended[-1])
    return len(ended)


def _recall_answered(*, now: datetime, most: int) -> int:
    """Recall what was put off and awaits no renewal any more, unless it was renewed."""
    awaiting = Device.objects.awaiting_renewal().filter(pk=OuterRef("device"))
    answered = RecallPutOff.objects.filter(~Exists(awaiting)).order_by("pk")
    devices = list(answered.values_list("device", flat=True)[:most])
    if devices:
        RecallPutOff.objects.filter(device__in=devices).delete()
        _recall(Device.objects.filter(pk__in=devices), now=now)
    return len(devices)


def _recall(devices: DeviceQuerySet, *, now: datetime) -> None:
    locked = lock(devices, actor=None)
    label = _("Thông báo thu hồi thiết bị ngày %(day)s (chứng thư hết hạn)")
    paper = Paper("", None, label % {"day": f"{timezone.localdate(now):%d/%m/%Y}"})
    reason = _("Chứng thư trên thiết bị đã hết hạn sử dụng.")
    begun = begin_return(locked, paper=paper, reason=reason, now=now)
    audit(begun, Move.RECALL, actor=None, now=now, paper=paper)
