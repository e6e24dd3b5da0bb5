"""Mẫu 07 is sent: the hand-overs it names are notified, their clocks stop."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from devices import services as devices
from portal.accounts.models import User
from requests_app.kinds.effects import Effect
from requests_app.models import Dossier


def attach_notice(dossier: Dossier, /, *, actor: User | None, now: datetime) -> None:
    """Note at each hand-over that the CA was told of it by this dossier."""
    handed_over = [item.device for item in dossier.items.select_related("device") if item.device]
    devices.attach_notice(handed_over, document=_paper_of(dossier), actor=actor, now=now)


def detach_notice(dossier: Dossier, /, *, actor: User | None, now: datetime) -> None:
    """What the notice told is told no more: its hand-overs are owed one again."""
    devices.detach_notice(_paper_of(dossier), actor=actor, now=now)


def _paper_of(dossier: Dossier) -> tuple[str, UUID, str]:
    label = f"Thông báo bàn giao (Mẫu 07) số {dossier.letter_number}"
    return "dossier", dossier.uuid, label


EFFECT = Effect(on_sent=attach_notice, on_withdrawn=detach_notice)
