"""What a Mẫu does beside its letter; a kind that does something has an ``effect`` in its folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from portal.accounts.models import User
from requests_app import kinds
from requests_app.models import Dossier


class CarryOut(Protocol):
    """Ends rows of a dossier, done or failed with a reason, and returns how many.

    It may be called again for the same rows after a kill, and by two workers at once: what was
    done is neither undone nor done twice.
    """

    def __call__(self, pk: int, chunk: Sequence[int], /, *, now: datetime) -> int: ...


class PrepareEnd(Protocol):
    """Prepares what a dossier leaves when it ends, all rows done or refused: a paper for the
    sender, the limits that run from its delivery.

    Called outside any transaction (printing takes long); what it returns is called in the one
    that closes the dossier, which is locked.
    """

    def __call__(self, pk: int, /, *, now: datetime) -> Callable[[Dossier], object]: ...


class WhenSent(Protocol):
    """Follows the sending or the withdrawal of a dossier that is locked; ``actor`` None: the
    portal itself."""

    def __call__(self, dossier: Dossier, /, *, actor: User | None, now: datetime) -> None: ...


def _nothing(_dossier: Dossier, /, *, actor: User | None, now: datetime) -> None:
    """Most forms tell nothing when they are sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a kind does when its dossier is sent, withdrawn, carried out, closed."""

    on_sent: WhenSent = _nothing
    on_withdrawn: WhenSent = _nothing
    carry_out: CarryOut | None = None  # None: nothing is carried out; minutes and notices
    prepare_end: PrepareEnd | None = None
    # A revocation is a fact in the register (``portal.ca.authority.services``), an unlocking is
    # done with the recovery key alone: neither waits for a CA that signs.
    asks_the_ca: bool = False
    # DOMAIN 14.8: nothing new is issued to a body that is no more.
    is_in_the_senders_name: bool = False


def effect_of_kind(code: str) -> Effect:
    """Return what the kind called ``code`` does; raises KeyError when there is no such kind."""
    effect: Effect = kinds.attached(code, "effect", "EFFECT") or Effect()
    return effect


def effect_of(dossier: Dossier) -> Effect:
    """Return what ``dossier``'s kind does."""
    return effect_of_kind(dossier.kind)
