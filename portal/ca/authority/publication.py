"""Publishing the revocation lists, one of each CA: when due, once, with a number of its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction
from django.db.models import OuterRef, Subquery

from portal.audit.services import Act, record
from portal.ca.models import FIRST_ISSUING, Authority, Certificate, Crl
from portal.ca.pki import crl, serials
from portal.ca.pki.signing import Issuer

CRL_LIFETIME = timedelta(hours=24)
CRL_OVERLAP = timedelta(hours=12)  # a list is replaced this long before it ends
# A root's key may lie in a safe: its list is signed once a year, with a quarter to spare.
ROOT_CRL_LIFETIME = timedelta(days=365)
ROOT_CRL_OVERLAP = timedelta(days=90)
LISTS_KEPT = 20
_IDS_AT_ONCE = 500  # SQLite takes a limited number of parameters


@transaction.atomic
def publish(issuer: Issuer, *, now: datetime) -> Crl | None:
    """Publish when something was revoked since the last list or it nears its end, else None.

    Two at once: the second waits for the first, then finds nothing to do.
    """
    ca = Authority.objects.select_for_update(no_key=True).get(
        serial_number=serials.text(issuer.certificate.serial_number)
    )
    is_root = ca.role == Authority.Role.ROOT
    last = latest(ca.slug)
    overlap = ROOT_CRL_OVERLAP if is_root else CRL_OVERLAP
    nears_its_end = last is None or last.next_update - now <= overlap
    entries: list[bytes] = []
    if is_root:
        entries = entries_of_cas(ca)
        is_new = last is not None and last.entries != len(entries)
    else:
        is_new = Certificate.objects.unlisted().filter(ca=ca.slug).exists()
    if not nears_its_end and not is_new:
        return None
    unlisted: list[int] = []
    if not is_root:
        due = Certificate.objects.listed_after(last.this_update if last else None)
        of_this = due.filter(ca=ca.slug).order_by("pk")
        for pk, entry, listed_in in of_this.values_list("pk", "crl_entry", "crl_number"):
            entries.append(bytes(entry or b""))
            if listed_in is None:
                unlisted.append(pk)
    number = last.number + 1 if last else 1
    this_update = now.replace(microsecond=0)
    next_update = this_update + (ROOT_CRL_LIFETIME if is_root else CRL_LIFETIME)
    published = Crl.objects.create(
        ca=ca.slug,
        number=number,
        this_update=this_update,
        next_update=next_update,
        der=crl.build(
            issuer,
            number=number,
            this_update=this_update,
            next_update=next_update,
            entries=entries,
        ),
        entries=len(entries),
    )
    rest = iter(unlisted)
    while chunk := list(islice(rest, _IDS_AT_ONCE)):
        Certificate.objects.filter(pk__in=chunk).update(crl_number=number)
    old = Crl.objects.filter(ca=ca.slug, number__lte=number - LISTS_KEPT)
    old.exclude(der=b"").update(der=b"")
    record(
        Act(
            action="crl.publish",
            target_type="crl",
            target_uuid=None,
            data={"ca": ca.slug, "number": number, "entries": len(entries)},
        ),
        actor=None,
        now=now,
    )
    return published


def entries_of_cas(root: Authority) -> list[bytes]:
    """Return what a root's list carries: the CAs it has certified that were revoked."""
    revoked = Authority.objects.filter(signed_by=root.slug, revoked_at__isnull=False)
    return [
        crl.entry(
            serials.number(one.serial_number),
            at=one.revoked_at or root.not_before,
            reason=one.revocation_reason,
        )
        for one in revoked.order_by("pk")
    ]


def latest(ca: str = FIRST_ISSUING) -> Crl | None:
    """Return a CA's standing list without its bytes, which are large and seldom wanted."""
    return Crl.objects.filter(ca=ca).defer("der").order_by("-number").first()


def standing_lists(now: datetime) -> list[Crl]:
    """Return the standing list of each CA that has not ended, without its bytes."""
    newest = Crl.objects.filter(ca=OuterRef("slug")).order_by("-number").values("pk")[:1]
    living = Authority.objects.authorities().filter(is_current=True, not_after__gt=now)
    numbers = living.annotate(list=Subquery(newest)).values("list")
    return list(Crl.objects.filter(pk__in=numbers).defer("der").order_by("pk"))
