"""Publishing the revocation list: when one is due, once, with a number of its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction

from portal.audit.services import Act, record
from portal.ca.models import Authority, Certificate, Crl
from portal.ca.pki import crl
from portal.ca.pki.signing import Issuer

CRL_LIFETIME = timedelta(hours=24)
CRL_OVERLAP = timedelta(hours=12)  # a list is replaced this long before it ends
LISTS_KEPT = 20
_IDS_AT_ONCE = 500  # SQLite takes a limited number of parameters


@transaction.atomic
def publish(issuer: Issuer, *, now: datetime) -> Crl | None:
    """Publish when something was revoked since the last list or it nears its end, else None.

    Two at once: the second waits for the first, then finds nothing to do.
    """
    Authority.objects.select_for_update(no_key=True).get(
        role=Authority.Role.ISSUING, is_current=True
    )
    last = latest()
    if not is_due(last, now=now):
        return None
    due = Certificate.objects.listed_after(last.this_update if last else None).order_by("pk")
    rows = list(due.values_list("pk", "crl_entry", "crl_number"))
    published = _store(
        issuer, last=last, entries=[bytes(der or b"") for _, der, _ in rows], now=now
    )
    new = (pk for pk, _, number in rows if number is None)
    while chunk := list(islice(new, _IDS_AT_ONCE)):
        Certificate.objects.filter(pk__in=chunk).update(crl_number=published.number)
    Crl.objects.filter(number__lte=published.number - LISTS_KEPT).exclude(der=b"").update(der=b"")
    record(
        Act(
            action="crl.publish",
            target_type="crl",
            target_uuid=None,
            data={"number": published.number, "entries": published.entries},
        ),
        actor=None,
        now=now,
    )
    return published


def latest() -> Crl | None:
    """Return the standing list without its bytes, which are large and seldom wanted."""
    return Crl.objects.defer("der").order_by("-number").first()


def is_due(last: Crl | None, *, now: datetime) -> bool:
    """Say whether a new list is needed: none yet, a revocation nobody read, or the end near."""
    if last is None or last.next_update - now <= CRL_OVERLAP:
        return True
    return Certificate.objects.unlisted().exists()


def _store(issuer: Issuer, *, last: Crl | None, entries: list[bytes], now: datetime) -> Crl:
    this_update = now.replace(microsecond=0)
    number = last.number + 1 if last else 1
    next_update = this_update + CRL_LIFETIME
    der = crl.build(
        issuer, number=number, this_update=this_update, next_update=next_update, entries=entries
    )
    return Crl.objects.create(
        number=number,
        this_update=this_update,
        next_update=next_update,
        der=der,
        entries=len(entries),
    )
