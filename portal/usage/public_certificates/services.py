"""Certificates of public CAs: noted, replaced, given up."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit import services as audit
from portal.audit.services import Act
from portal.ca.models import Certificate
from portal.core.roles import Capability
from portal.core.rules import refuse
from portal.usage.models import PublicCertificate
from portal.usage.querysets import supervised_bodies


@dataclass(frozen=True, slots=True)
class PublicFacts:
    """What is recorded of one."""

    holder: str
    issuer: str
    purpose: str
    valid_until: date
    serial: str = ""
    note: str = ""


@transaction.atomic
def note(facts: PublicFacts, agency: Agency, *, actor: User, now: datetime) -> PublicCertificate:
    """Record that ``agency`` uses one. Raises PermissionDenied, Refused when it stands already."""
    _permit(actor)
    if not supervised_bodies(actor).filter(pk=agency.pk).exists():
        raise PermissionDenied("not a body of the actor's")
    same = PublicCertificate.objects.in_use().filter(agency=agency, issuer=facts.issuer)
    same = same.filter(serial=facts.serial) if facts.serial else same.filter(holder=facts.holder)
    if same.exists():
        raise refuse("noted_already", _("Chứng thư này đã được ghi là đang dùng."))
    made = PublicCertificate.objects.create(
        **asdict(facts), agency=agency, noted_by=actor, noted_at=now
    )
    _record("public_certificate.note", made, actor=actor, now=now)
    return made


@transaction.atomic
def replace(one: PublicCertificate, serial: str, *, actor: User, now: datetime) -> None:
    """Note by which certificate of ours it was replaced.

    Raises PermissionDenied, Refused when it is over or no valid certificate of the body has it.
    """
    one = _lock_in_use(one, actor=actor)
    certificates = Certificate.objects.visible_to(actor).filter(agency=one.agency_id)
    by = certificates.valid_at(now).filter(serial=serial).first()
    if by is None:
        raise refuse(
            "not_a_valid_certificate",
            _("Đơn vị không có chứng thư công vụ nào còn hiệu lực mang số hiệu này."),
        )
    one.state, one.replaced_by = PublicCertificate.State.REPLACED, by
    _close(one, "public_certificate.replace", actor=actor, now=now)


@transaction.atomic
def end(one: PublicCertificate, *, actor: User, now: datetime) -> None:
    """Note that it is used no more, and nothing took its place. Raises as ``replace``."""
    one = _lock_in_use(one, actor=actor)
    one.state = PublicCertificate.State.ENDED
    _close(one, "public_certificate.end", actor=actor, now=now)


def _permit(actor: User) -> None:
    if not actor.can(Capability.REPORT_USE):
        raise PermissionDenied("who reports on use")


def _lock_in_use(one: PublicCertificate, *, actor: User) -> PublicCertificate:
    _permit(actor)
    visible = PublicCertificate.objects.visible_to(actor).select_for_update(
        of=("self",), no_key=True
    )
    locked = visible.get(pk=one.pk)
    if locked.state != PublicCertificate.State.IN_USE:
        raise refuse("public_certificate_over", _("Chứng thư công cộng này đã thôi theo dõi."))
    return locked


def _close(one: PublicCertificate, action: str, *, actor: User, now: datetime) -> None:
    one.closed_by, one.closed_at = actor, now
    one.save()
    _record(action, one, actor=actor, now=now)


def _record(action: str, one: PublicCertificate, *, actor: User, now: datetime) -> None:
    office = one.agency.office
    act = Act(
        action=action,
        target_type="public_certificate",
        target_uuid=one.uuid,
        agency_uuid=one.agency.uuid,
        office_uuid=office.uuid if office else None,
        data={"issuer": one.issuer, "state": one.state},
    )
    audit.record(act, actor=actor, now=now)
