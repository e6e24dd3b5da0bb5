"""Who signs for a body: recorded with dates and the document that says so, ended, never erased."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from portal.agencies.acts import agency_act
from portal.agencies.facts import SignerFacts
from portal.agencies.models import Agency, Signer
from portal.agencies.rules import signer_violations
from portal.audit import services as audit
from portal.core.roles import Capability
from portal.core.rules import Refused, refuse
from portal.core.text.vietnamese import nfc

if TYPE_CHECKING:
    from portal.accounts.models import User


@transaction.atomic
def add_signer(agency: Agency, facts: SignerFacts, *, actor: User | None, now: datetime) -> Signer:
    """Record that somebody may sign for ``agency``; raises PermissionDenied or Refused."""
    _permit(actor)
    agency = Agency.objects.select_for_update(no_key=True).get(pk=agency.pk)
    facts = replace(
        facts, name=nfc(facts.name), title=nfc(facts.title).upper(), document=nfc(facts.document)
    )
    lasting = Q(valid_until__isnull=True) | Q(valid_until__gt=facts.valid_from)
    standing = agency.signers.filter(lasting)
    if facts.valid_until is not None:
        standing = standing.filter(valid_from__lt=facts.valid_until)
    others = [
        SignerFacts(
            name=one.name,
            form=one.form,
            title=one.title,
            valid_from=one.valid_from,
            valid_until=one.valid_until,
        )
        for one in standing
    ]
    if violations := signer_violations(facts, others):
        raise Refused(*violations)
    signer = Signer.objects.create(
        agency=agency,
        person=facts.person,
        name=facts.name,
        form=facts.form,
        title=facts.title,
        papers=list(facts.papers),
        document=facts.document,
        valid_from=facts.valid_from,
        valid_until=facts.valid_until,
    )
    _record("agency.add_signer", signer, actor=actor, now=now)
    return signer


@transaction.atomic
def end_signer(signer: Signer, *, on: date, actor: User | None, now: datetime) -> Signer:
    """Let an authority end before ``on``; on its first day it never held.

    Raises PermissionDenied or Refused.
    """
    _permit(actor)
    agency = Agency.objects.select_for_update(no_key=True).get(pk=signer.agency_id)
    signer = agency.signers.get(pk=signer.pk)
    if on < signer.valid_from:
        raise refuse(
            "ends_before_start",
            _("Ngày kết thúc không được trước ngày bắt đầu %(day)s.")
            % {"day": f"{signer.valid_from:%d/%m/%Y}"},
        )
    if signer.valid_until is not None and on >= signer.valid_until:
        raise refuse(
            "ended_already",
            _("Quyền ký này đã kết thúc trước ngày %(day)s.")
            % {"day": f"{signer.valid_until:%d/%m/%Y}"},
            way_out=_("Muốn ký tiếp thì ghi một người ký mới, kèm căn cứ mới."),
        )
    signer.valid_until = on
    signer.save(update_fields=["valid_until"])
    _record("agency.end_signer", signer, actor=actor, now=now)
    return signer


def _permit(actor: User | None) -> None:
    if actor is not None and not actor.can(Capability.ADMINISTER):
        raise PermissionDenied("only an administrator records who signs")


def _record(action: str, signer: Signer, *, actor: User | None, now: datetime) -> None:
    data = {
        "signer": str(signer.uuid),
        "form": signer.form,
        "title": signer.title,
        "papers": signer.papers,
        "document": signer.document,
        "valid_from": signer.valid_from.isoformat(),
        "valid_until": signer.valid_until.isoformat() if signer.valid_until else "",
    }
    audit.record(agency_act(action, signer.agency, data), actor=actor, now=now)
