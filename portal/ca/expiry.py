"""The two clocks of a certificate: until one day it may be renewed or changed, until the next only
issued anew.

Its holder's body is told in time of the first (Điều 12, Điều 14: at least 30 days must be left when
the dossier is received, so a warning on the 30th day is too late). Of a certificate one clock is
open at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from portal.ca.models import Certificate
from portal.ca.querysets import CertificateQuerySet
from portal.deadlines.models import Deadline, DeadlineKind
from portal.deadlines.rules import DOOR_DAYS
from portal.deadlines.services import OwedUntil, cancel, close_all, lapse, open_until

MOST = 1000  # certificates of one transaction
KINDS = (DeadlineKind.RENEWAL_DOOR, DeadlineKind.CERTIFICATE_EXPIRY)
_LONGEST_NAME = 120


def open_doors(certificates: Iterable[Certificate], *, now: datetime) -> int:
    """Start the clock of each certificate that has none open; return how many.

    In the transaction that makes them, and a fixed number of statements for any number. What has
    ended gets none. ``agency`` and ``office`` are loaded.
    """
    today = timezone.localdate(now)
    clocks = [clock for one in certificates if (clock := _clock_of(one, today=today))]
    return len(open_until(clocks, target_type="certificate", now=now)) if clocks else 0


def renewed(certificates: Iterable[Certificate], *, now: datetime) -> int:
    """Stop the clocks of what has a successor now; return how many."""
    uuids = [one.uuid for one in certificates]
    return sum(close_all(kind, uuids, now=now) for kind in KINDS)


def issued_anew(
    certificates: Collection[Certificate], *, instead_of: Collection[str], now: datetime
) -> int:
    """Stop the clocks of what these new issues replace; return how many.

    That is what their rows name (``instead_of``, serials), and the last weeks of a certificate that
    its holder has on the same sort of device: a new one was all there was left to ask for.
    """
    holders = {(one.subscriber_id, one.key.storage) for one in certificates}
    theirs = Certificate.objects.filter(
        subscriber__in={subscriber for subscriber, _sort in holders}
    )
    named, same = [], []
    for uuid, serial, subscriber, storage in theirs.exclude(
        pk__in=[one.pk for one in certificates]
    ).values_list("uuid", "serial", "subscriber_id", "key__storage"):
        if serial in instead_of:
            named.append(uuid)
        elif (subscriber, storage) in holders:
            same.append(uuid)
    stopped = close_all(DeadlineKind.RENEWAL_DOOR, named, now=now) if named else 0
    if named or same:
        stopped += close_all(DeadlineKind.CERTIFICATE_EXPIRY, [*named, *same], now=now)
    return stopped


def revoked(certificates: Iterable[Certificate], *, now: datetime) -> int:
    """Stop the clocks of what ends before its day; return how many."""
    uuids = [one.uuid for one in certificates]
    return sum(cancel(kind, uuids, now=now) for kind in KINDS)


@transaction.atomic
def shut_doors(*, now: datetime, most: int = MOST) -> int:
    """End the clocks whose day is over, and start the next one; return how many, at most ``most``.

    A clock ends only after it has told all it had to tell. Certificates are locked first, as
    whoever renews or revokes them does; what another holds is left for the next time. Run again
    while it returns ``most``.
    """
    today = timezone.localdate(now)
    past = Deadline.objects.open().filter(kind__in=KINDS, due_on__lt=today, next_at__isnull=True)
    uuids = list(past.order_by("due_on", "pk").values_list("target_uuid", flat=True)[:most])
    if not uuids:
        return 0
    locked = list(
        Certificate.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(uuid__in=uuids)
        .select_related("agency", "office")
        .defer("der", "crl_entry")
    )
    shut = lapse(past.filter(target_uuid__in=[one.uuid for one in locked]), now=now)
    standing = set(_standing(now).filter(pk__in=[one.pk for one in locked]).values_list("pk"))
    open_doors([one for one in locked if (one.pk,) in standing], now=now)
    return shut


@transaction.atomic
def open_missing(*, now: datetime, most: int = MOST) -> int:
    """Start the clocks of certificates that have none, at most ``most``; return how many.

    Those of new issues, and of certificates made before there were clocks. One that was renewed,
    issued anew or revoked has had its clock. Run again while it returns ``most``.
    """
    # A door that has shut leaves the next clock to be opened.
    had = Deadline.objects.filter(
        target_uuid=OuterRef("uuid"), kind__in=KINDS, lapsed_at__isnull=True
    )
    missing = (
        _standing(now)
        .filter(~Exists(had))
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("agency", "office")
        .defer("der", "crl_entry")
        .order_by("pk")
    )
    return open_doors(missing[:most], now=now)


def _standing(now: datetime) -> CertificateQuerySet:
    """Return what is good until its end and has no successor."""
    return Certificate.objects.filter(
        revoked_at__isnull=True, not_after__gt=now, successors__isnull=True
    )


def _clock_of(certificate: Certificate, *, today: date) -> tuple[DeadlineKind, OwedUntil] | None:
    ends_on = timezone.localdate(certificate.not_after)
    shuts_on = ends_on - timedelta(days=DOOR_DAYS)
    if ends_on < today:
        return None
    kind, due_on = DeadlineKind.RENEWAL_DOOR, shuts_on
    if shuts_on < today:
        kind, due_on = DeadlineKind.CERTIFICATE_EXPIRY, ends_on
    owed = OwedUntil(
        agency=certificate.agency,
        office=certificate.office,
        target_uuid=certificate.uuid,
        title=_title_of(certificate, is_door=kind == DeadlineKind.RENEWAL_DOOR),
        path=reverse("ca:detail", args=[certificate.uuid]),
        received_on=timezone.localdate(certificate.issued_at),
        due_on=due_on,
    )
    return kind, owed


def _title_of(certificate: Certificate, *, is_door: bool) -> str:
    """Name the certificate and its holder, never by an identity number."""
    values = {
        "name": Truncator(certificate.common_name).chars(_LONGEST_NAME),
        "serial": certificate.serial,
    }
    if is_door and certificate.renewals:
        text = _(
            "Chứng thư %(serial)s của %(name)s (đã gia hạn một lần: chỉ còn thay đổi thông tin, "
            "hoặc cấp mới khi còn dưới 30 ngày)"
        )
        return text % values
    return _("Chứng thư %(serial)s của %(name)s") % values
