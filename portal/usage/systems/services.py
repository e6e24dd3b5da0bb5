"""Registering systems that sign, and the tokens they prove themselves by."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit import services as audit
from portal.core.roles import Capability
from portal.core.rules import refuse
from portal.usage.models import SigningSystem, SystemKind, SystemToken
from portal.usage.querysets import supervised_bodies
from portal.usage.receiving import services as receiving
from portal.usage.receiving.services import system_act

_TOKEN_BYTES = 32


@transaction.atomic
def register(name: str, kind: str, agency: Agency, *, actor: User, now: datetime) -> SigningSystem:
    """Register a system of ``agency``. Raises PermissionDenied, Refused for a name that stands."""
    _permit(actor)
    if not supervised_bodies(actor).filter(pk=agency.pk).exists():
        raise PermissionDenied("not a body of the actor's")
    if SigningSystem.objects.filter(agency=agency, name=name).exists():
        raise refuse("system_name_taken", _("Đơn vị này đã có hệ thống tên như vậy."))
    system = SigningSystem.objects.create(
        name=name,
        kind=kind,
        agency=agency,
        office=agency.office,
        registered_by=actor,
        registered_at=now,
    )
    audit.record(system_act("usage.register_system", system, name=name), actor=actor, now=now)
    return system


def papers_of(actor: User, *, now: datetime) -> SigningSystem:
    """Return what the signed papers that ``actor``'s body hands in are counted under."""
    found = SigningSystem.objects.filter(agency=actor.agency_id, kind=SystemKind.PAPERS).first()
    if found is not None:
        return found
    with transaction.atomic():
        system, is_new = SigningSystem.objects.get_or_create(
            agency=actor.agency,
            kind=SystemKind.PAPERS,
            defaults={
                "name": str(SystemKind.PAPERS.label),
                "office": actor.agency.office,
                "registered_by": actor,
                "registered_at": now,
            },
        )
        if is_new:
            act = system_act("usage.register_system", system, name=system.name)
            audit.record(act, actor=actor, now=now)
    return system


@transaction.atomic
def make_token(system: SigningSystem, *, actor: User, now: datetime) -> str:
    """Give a system a new token and return it; the one before ends. Only its hash is kept."""
    system = _lock(system, actor=actor)
    if system.ended_at is not None:
        raise refuse("system_ended", _("Hệ thống này đã ngừng được nhận dữ liệu."))
    system.tokens.filter(ended_at__isnull=True).update(ended_at=now)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    system.tokens.create(token_hash=_hash_of(token), made_by=actor, made_at=now)
    audit.record(system_act("usage.make_token", system), actor=actor, now=now)
    return token


@transaction.atomic
def end_token(
    system: SigningSystem, *, stolen_since: datetime | None, actor: User, now: datetime
) -> int:
    """End the token of a system; what came with a stolen one since a moment is withdrawn.

    Returns how many events were withdrawn. Every token that was good at or after the moment counts
    as stolen: it may have been changed before the theft was known. Raises Refused when there is
    none.
    """
    system = _lock(system, actor=actor)
    tokens = list(system.tokens.all())
    if not tokens:
        raise refuse("no_token", _("Hệ thống này chưa có mã truy cập."))
    acts = [system_act("usage.end_token", system, is_stolen=stolen_since is not None)]
    taken = 0
    for token in tokens:
        if token.ended_at and not (stolen_since and token.ended_at > stolen_since):
            continue
        token.ended_at = token.ended_at or now
        token.stolen_since = stolen_since
        token.save(update_fields=["ended_at", "stolen_since"])
        if stolen_since is not None:
            finding = _("Lượt ký nhận bằng mã truy cập bị lộ đã được rút khỏi số liệu.")
            taken += receiving.withdraw(token, finding=finding, now=now)
    if stolen_since is not None:
        acts.append(system_act("usage.withdraw", system, events=taken))
    audit.record_many(acts, actor=actor, now=now)
    return taken


@transaction.atomic
def end(system: SigningSystem, *, actor: User, now: datetime) -> None:
    """Take nothing more from a system; its figures stay."""
    system = _lock(system, actor=actor)
    if system.ended_at is not None:
        return
    system.ended_at = now
    system.save(update_fields=["ended_at"])
    system.tokens.filter(ended_at__isnull=True).update(ended_at=now)
    audit.record(system_act("usage.end_system", system), actor=actor, now=now)


def token_named(token: str) -> SystemToken | None:
    """Return the good token ``token`` is, with its system.

    Found by the hash of 256 random bits: how long the look-up takes says nothing of a token.
    """
    found = SystemToken.objects.filter(token_hash=_hash_of(token), ended_at__isnull=True)
    return found.select_related("system__agency", "system__office").first()


def _hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _permit(actor: User) -> None:
    if not actor.can(Capability.REGISTER_SIGNING_SYSTEMS):
        raise PermissionDenied("who registers systems")


def _lock(system: SigningSystem, *, actor: User) -> SigningSystem:
    """Return the system, locked; raises PermissionDenied, DoesNotExist for what is not theirs."""
    _permit(actor)
    visible = SigningSystem.objects.visible_to(actor).select_related("agency", "office")
    return visible.select_for_update(of=("self",), no_key=True).get(pk=system.pk)
