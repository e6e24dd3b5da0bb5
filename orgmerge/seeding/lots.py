"""Of what age and state the certificates and devices of a made-up population are."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from devices.lifecycle import Condition, Custody
from portal.ca.models import RevocationReason, Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """One sort of certificate. ``days_left`` are whole days from the day of the population, from
    and to; ``custody`` and ``condition`` are of its device, where its storage has one."""

    share: int  # in a thousand
    days_left: tuple[int, int] = (91, 1400)
    storage: str = Storage.TOKEN
    custody: str = Custody.WITH_SUBSCRIBER
    condition: str = Condition.OK
    renewals: int = 0
    is_successor: bool = False  # of one that was superseded
    is_installed: bool = True  # said of a successor
    revoked: str = ""
    is_pending: bool = False  # an open dossier speaks of it
    shows_title: bool = False
    has_second: bool = False  # the same person has another one
    works_elsewhere: bool = False  # has duties at a neighbouring body as well
    has_certificate: bool = True


LOTS: tuple[Lot, ...] = (
    Lot(share=398),
    Lot(share=160, storage=Storage.RSSP),
    Lot(share=30, storage=Storage.SIM),
    Lot(share=40, days_left=(30, 59)),
    Lot(share=40, days_left=(0, 29)),
    Lot(share=40, days_left=(-400, -1), custody=Custody.TO_BE_RETURNED),
    Lot(share=15, days_left=(-900, -401), custody=Custody.AT_CA),
    Lot(share=40, renewals=1, is_successor=True),
    Lot(share=10, renewals=1, is_successor=True, days_left=(0, 59)),
    Lot(share=20, is_successor=True, is_installed=False),
    Lot(share=30, revoked=RevocationReason.CESSATION, custody=Custody.TO_BE_RETURNED),
    Lot(share=20, revoked=RevocationReason.CESSATION, custody=Custody.BACK_AT_AGENCY),
    Lot(share=15, revoked=RevocationReason.AFFILIATION_CHANGED, custody=Custody.AT_OFFICE),
    Lot(share=20, condition=Condition.LOCKED),
    Lot(share=12, condition=Condition.LOST),
    Lot(share=10, condition=Condition.DAMAGED),
    Lot(share=10, custody=Custody.AT_AGENCY),
    Lot(share=20, is_pending=True),
    Lot(share=10, shows_title=True),
    Lot(share=20, has_second=True),
    Lot(share=20, works_elsewhere=True),
    Lot(share=20, has_certificate=False),
)
# Bodies: some have none, some only one that ended.
LOTS_OF_BODIES: tuple[Lot, ...] = (
    Lot(share=480),
    Lot(share=80, storage=Storage.HSM),
    Lot(share=60, days_left=(30, 59)),
    Lot(share=70, days_left=(0, 29)),
    Lot(share=60, days_left=(-400, -1), custody=Custody.TO_BE_RETURNED),
    Lot(share=60, renewals=1, is_successor=True),
    Lot(share=20, is_successor=True, is_installed=False),
    Lot(share=30, revoked=RevocationReason.CESSATION, custody=Custody.BACK_AT_AGENCY),
    Lot(share=30, condition=Condition.LOCKED),
    Lot(share=20, condition=Condition.LOST),
    Lot(share=10, condition=Condition.DAMAGED),
    Lot(share=20, is_pending=True),
    Lot(share=60, has_certificate=False),
)
LOTS_OF_SYSTEMS: tuple[Lot, ...] = (
    Lot(share=700, storage=Storage.SOFT),
    Lot(share=100, storage=Storage.HSM),
    Lot(share=100, storage=Storage.SOFT, days_left=(0, 29)),
    Lot(share=100, storage=Storage.SOFT, days_left=(-400, -1)),
)
SECOND = Lot(share=0, storage=Storage.RSSP)


def draw(lots: tuple[Lot, ...], *, random: Random) -> Lot:
    """Return one of ``lots``, each as often as its share says."""
    return random.choices(lots, weights=[lot.share for lot in lots])[0]
