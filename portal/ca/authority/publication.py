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
    nears_its_end = last is None or last.next_update - now <= CRL_OVERLAP
    if not nears_its_end and not Certificate.objects.unlisted().exists():
        return None
    due = Certificate.objects.listed_after(last.this_update if last else None).order_by("pk")
    rows = list(due.values_list("pk", "crl_entry", "crl_number"))
    number = last.number + 1 if last else 1
    this_update = now.replace(microsecond=0)
    next_update = this_update + CRL_LIFETIME
    published = Crl.objects.create(
        number=number,
        this_update=this_update,
        next_update=next_update,
        der=crl.build(
            issuer,
            number=number,
            this_update=this_update,
            next_update=next_update,
            entries=[bytes(entry or b"") for _, entry, _ in rows],
        ),
        entries=len(rows),
    )
    unlisted = (pk for pk, _, listed_in in rows if listed_in is None)
    while chunk := list(islice(unlisted, _IDS_AT_ONCE)):
        Certificate.objects.filter(pk__in=chunk).update(crl_number=number)
    Crl.objects.filter(number__lte=number - LISTS_KEPT).exclude(der=b"").update(der=b"")
    record(
        Act(
            action="crl.publish",
            target_type="crl",
            target_uuid=None,
            data={"number": number, "entries": len(rows)},
        ),
        actor=None,
        now=now,
    )
    return published


def latest() -> Crl | None:
    """Return the standing list without its bytes, which are large and seldom wanted."""
    return Crl.objects.defer("der").order_by("-number").first()
