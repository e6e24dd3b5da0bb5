"""Subscribers that are devices, services or software: found by owner, name and address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection, transaction

from portal.agencies.facts import SystemFacts
from portal.agencies.models import Subscriber, SubscriberKind
from portal.agencies.tree import managing_agency
from portal.core.text.vietnamese import nfc, search_key, sort_key

_LOCK = 68  # ours among PostgreSQL's advisory locks


@transaction.atomic
def match_or_create_systems(systems: Sequence[SystemFacts]) -> list[Subscriber]:
    """Return the systems in order, made if unknown.

    A system belongs to the body that manages its owner's subscribers (Điều 10 khoản 3 Nghị định
    68/2024/NĐ-CP) and is the same one while name and address are, case and marks apart. Two lists
    at once make it once. The caller audits.
    """
    owners = {facts.owner.pk: facts.owner for facts in systems}
    bodies = {pk: managing_agency(owner) for pk, owner in owners.items()}
    _shut_out_others(body.pk for body in bodies.values())
    keys = [(bodies[facts.owner.pk].pk, *_key(facts.name, facts.host)) for facts in systems]
    found = {
        (known.agency_id, *_key(known.name, known.domain_name)): known
        for known in Subscriber.objects.filter(
            kind=SubscriberKind.SYSTEM,
            agency__in={body.pk for body in bodies.values()},
            search_name__in={name for _body, name, _host in keys},
        ).order_by("-pk")
    }
    new = {
        key: Subscriber(
            kind=SubscriberKind.SYSTEM,
            name=nfc(facts.name),
            search_name=search_key(facts.name),
            sort_name=sort_key(facts.name),
            agency=bodies[facts.owner.pk],
            domain_name=nfc(facts.host),
        )
        for key, facts in reversed(list(zip(keys, systems, strict=True)))  # the first one wins
        if key not in found
    }
    Subscriber.objects.bulk_create(new.values())
    found |= new
    return [found[key] for key in keys]


def _shut_out_others(bodies: Iterable[int]) -> None:
    """Let nobody else make systems of these bodies until the transaction ends.

    Not by the body's row: a dossier is locked by now, and bodies come before dossiers. SQLite has
    one writer anyway.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for body in sorted(set(bodies)):
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, body])


def _key(name: str, host: str) -> tuple[str, str]:
    return search_key(name), nfc(host).lower()
