"""Keys made outside the portal (HSM, soft keys): taken in once, from the request that proves them.

The portal holds no private half of them, so they have no virtual token; a key that has a token, or
that carries a certificate already, is in use. A new certificate wants a new key, also for the same
holder: an old one may have been copied while it was used, and renewal (Mẫu 04) is there to keep it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from portal.ca.models import KeyPair, Storage
from portal.ca.pki.csr import KeyRequest
from portal.ca.pki.weak_keys import modulus_of, shares_a_factor

_FREE = Q(storage__in=[Storage.HSM, Storage.SOFT], token__isnull=True, certificates__isnull=True)


@dataclass(frozen=True, slots=True)
class OutsideKey:
    """A key to be taken in: its request, and where its private half lives."""

    request: KeyRequest
    storage: str


def in_use(fingerprints: Collection[str]) -> set[str]:
    """Return those of ``fingerprints`` whose key is a device's or carries a certificate."""
    known = KeyPair.objects.filter(fingerprint__in=fingerprints).exclude(_FREE)
    return set(known.values_list("fingerprint", flat=True))


def weak_together(
    requests: Collection[KeyRequest], *, among: QuerySet[KeyPair] | None = None
) -> set[str]:
    """Return the fingerprints of those whose RSA modulus shares a factor with another key.

    Another is one of ``requests``, or of ``among``: the keys made outside, where it is left out.
    Takes some microseconds a key: a background task asks about the whole register.
    """
    asked = {
        one.fingerprint: modulus_of(one.public_key)
        for one in requests
        if one.algorithm.startswith("rsa")
    }
    if not asked:
        return set()
    if among is None:
        among = KeyPair.objects.filter(storage__in=[Storage.HSM, Storage.SOFT])
    known = (
        among.filter(algorithm__startswith="rsa").order_by().values_list("public_key", flat=True)
    )
    others = [*asked.values(), *(modulus_of(bytes(der)) for der in known.iterator())]
    return {name for name, modulus in asked.items() if shares_a_factor(modulus, others)}


def take_in(keys: Mapping[str, OutsideKey], *, now: datetime) -> dict[str, KeyPair]:
    """Return fingerprint → key for those free to be certified, locked; new ones are stored.

    In the caller's transaction, which audits. Somebody who takes in the same key at the same
    moment waits and then finds it taken.
    """
    made = [
        KeyPair(
            storage=one.storage,
            algorithm=one.request.algorithm,
            public_key=one.request.public_key,
            fingerprint=fingerprint,
            made_at=now,
        )
        for fingerprint, one in sorted(keys.items())
    ]
    KeyPair.objects.bulk_create(made, ignore_conflicts=True)
    standing = KeyPair.objects.select_for_update(no_key=True).filter(fingerprint__in=keys)
    pairs = {pair.fingerprint: pair for pair in standing.order_by("fingerprint")}
    used = in_use(list(pairs))
    free = {fingerprint: pair for fingerprint, pair in pairs.items() if fingerprint not in used}
    for fingerprint, pair in free.items():
        if pair.storage != keys[fingerprint].storage:  # left by an earlier row that came to nothing
            pair.storage = keys[fingerprint].storage
            pair.save(update_fields=["storage"])
    return free
