"""The two clocks of a certificate: until one day it may be renewed or changed, until the next only
issued anew.

Its holder's body is told in time of the first (Điều 12, Điều 14: at least 30 days must be left when
the dossier is received, so a warning on the 30th day is too late). Of a certificate one clock is
open at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from portal.ca.models import Certificate
from portal.ca.querysets import CertificateQuerySet
from portal.ca.register import renewals
from portal.core import law
from portal.deadlines.models import Deadline, DeadlineKind
from portal.deadlines.services import OwedUntil, cancel, close_all, open_until

MOST = 1000  # certificates of one transaction
KINDS = (DeadlineKind.RENEWAL_DOOR, DeadlineKind.CERTIFICATE_EXPIRY)
_LONGEST_NAME = 120


def open_doors(certificates: Iterable[Certificate], *, now: datetime) -> int:
    """Start the clock of each certificate that has none open; return how many.

    In the transaction that makes them, and a fixed number of statements for any number. What has
    ended gets none. ``agency`` and ``office`` are loaded.
    """
    today = timezone.localdate(now)
    certificates = list(certificates)
    seen = Certificate.objects.filter(pk__in=[one.pk for one in certificates])
    seen.update(clocked_at=now)
    clocks = []
    for one in certificates:
        ends_on = timezone.localdate(one.not_after)
        shuts_on = ends_on - timedelta(days=law.DAYS_LEFT_TO_ASK)
        if shuts_on >= today:
            owed = _owed_until(shuts_on, one, title=_title_of(one, is_door=True))
            clocks.append((DeadlineKind.RENEWAL_DOOR, owed))
        elif ends_on >= today:
            clocks.append(_until_it_ends(one))
    return len(open_until(clocks, target_type="certificate", now=now)) if clocks else 0


@transaction.atomic(savepoint=False)
def asked(certificates: Iterable[Certificate], *, now: datetime) -> int:
    """Stop the clocks of what is asked to be renewed in time; return how many.

    ``open_missing`` starts one again when the answer is no, or the request comes back.
    """
    uuids = [one.uuid for one in certificates]
    _look_again(uuids)  # locks them: a sweep that starts a clock meanwhile comes before or after
    return sum(cancel(kind, uuids, now=now) for kind in KINDS)


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

    A clock ends only after it has told all it had to tell. The next one is started even when its
    day is over too, so that what it would have told is noted. Certificates are locked first, as
    whoever renews or revokes them does; what another holds is left for the next time. Run again
    while it returns ``most``.
    """
    today = timezone.localdate(now)
    past = Deadline.objects.open().filter(kind__in=KINDS, due_on__lt=today, next_at__isnull=True)
    uuids = list(past.order_by("due_on", "pk").values_list("target_uuid", flat=True)[:most])
    if not uuids:
        return 0
    locked = list(
        Certificate.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
        .filter(uuid__in=uuids)
        .select_related("agency", "office")
        .defer("der", "crl_entry")
    )
    ended = past.filter(target_uuid__in=[one.uuid for one in locked])
    doors = set(ended.filter(kind=DeadlineKind.RENEWAL_DOOR).values_list("target_uuid", flat=True))
    shut = ended.lapse(now=now)
    lasting = set(_lasting().filter(uuid__in=doors).values_list("uuid", flat=True))
    next_ones = [_until_it_ends(one) for one in locked if one.uuid in lasting]
    _look_again(doors - lasting)
    open_until(next_ones, target_type="certificate", now=now)
    return shut


@transaction.atomic
def open_missing(*, now: datetime, most: int = MOST) -> int:
    """Start the clocks of certificates that have none; return how many were looked at.

    At most ``most``, each once: what was seen is not found again (``Certificate.clocked_at``).
    Those of new issues, of certificates made before there were clocks, and of those whose renewal
    was refused or taken back. One that was renewed, issued anew or revoked has had its clock. Run
    again while it returns ``most``.
    """
    # A door that has shut leaves the next clock to be opened, a request in vain the same one.
    had = Deadline.objects.filter(
        target_uuid=OuterRef("uuid"),
        kind__in=KINDS,
        lapsed_at__isnull=True,
        cancelled_at__isnull=True,
    )
    unseen = (
        _lasting()
        .filter(not_after__gt=now, clocked_at__isnull=True)
        .select_for_update(of=("self",), skip_locked=True, no_key=True)
        .select_related("agency", "office")
        .defer("der", "crl_entry")
        .order_by("not_after", "pk")
    )
    seen = list(unseen[:most])
    clocked = Certificate.objects.filter(Exists(had), pk__in=[one.pk for one in seen])
    having = set(clocked.values_list("pk", flat=True))
    open_doors([one for one in seen if one.pk not in having], now=now)
    Certificate.objects.filter(pk__in=having).update(clocked_at=now)
    return len(seen)


def _look_again(uuids: Collection[UUID]) -> None:
    """Leave to ``open_missing`` what may need a clock again when a request has come to nothing."""
    if uuids:
        found = Certificate.objects.filter(uuid__in=uuids)
        locked = found.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True)
        Certificate.objects.filter(pk__in=list(locked)).update(clocked_at=None)


def _lasting() -> CertificateQuerySet:
    """Return what is, or was, good until its end, has no successor and awaits none."""
    lasting = Certificate.objects.filter(revoked_at__isnull=True, successors__isnull=True)
    return lasting.exclude(renewals.are_asked_for())


def _until_it_ends(certificate: Certificate) -> tuple[DeadlineKind, OwedUntil]:
    ends_on = timezone.localdate(certificate.not_after)
    title = _title_of(certificate, is_door=False)
    return DeadlineKind.CERTIFICATE_EXPIRY, _owed_until(ends_on, certificate, title=title)


def _owed_until(due_on: date, certificate: Certificate, *, title: str) -> OwedUntil:
    return OwedUntil(
        agency=certificate.agency,
        office=certificate.office,
        target_uuid=certificate.uuid,
        title=title,
        path=reverse("ca:detail", args=[certificate.uuid]),
        received_on=timezone.localdate(certificate.issued_at),
        due_on=due_on,
    )


def _title_of(certificate: Certificate, *, is_door: bool) -> str:
    """Name the certificate and its holder, never by an identity number."""
    values = {
        "name": Truncator(certificate.common_name).chars(_LONGEST_NAME),
        "serial": certificate.serial,
    }
    if is_door and certificate.renewals:
        text = _(
            "Chứng thư %(serial)s của %(name)s (đã gia hạn một lần: chỉ còn thay đổi thông tin, "
            "hoặc cấp mới khi còn dưới %(days_left)d ngày)"
        )
        return text % (values | law.numbers())
    return _("Chứng thư %(serial)s của %(name)s") % values
