"""One body at a time: registered, gone over to others, or given its new version.

The portal does it, on the word of the two people of the office who described and approved it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from orgmerge.models import Merger, MergerBody, MergerShare
from portal.agencies import services as agencies
from portal.agencies.models import Agency, AgencyKind, AgencyVersion, Succession
from portal.agencies.services import AgencyFacts, Share
from portal.core.rules import Refused

# Told of a founded body; of one that goes on, what is left empty stays as it was.
_COLUMNS = (
    "name",
    "short_name",
    "province",
    "place",
    "address",
    "agency_code",
    "tax_code",
    "budget_code",
    "email",
    "email_domain",
    "phone",
    "head_title",
    "signs_for",
    "has_seal",
)


def basis_of(merger: Merger) -> dict[str, str]:
    """Return on whose word the portal acts: the decision, who described it, who approved."""
    found = {
        "merger": str(merger.uuid),
        "decision": merger.decision,
        "described_by": str(merger.created_by.uuid),
    }
    if merger.approved_by is not None:
        found["approved_by"] = str(merger.approved_by.uuid)
    return found


def register(
    merger: Merger, body: MergerBody, shares: Sequence[MergerShare], *, now: datetime
) -> None:
    """Register a founded body and set its ``agency``; the caller saves. Raises Refused."""
    told = {name: getattr(body, name) for name in _COLUMNS}
    facts = AgencyFacts(
        **told, parent=_superior(body), office=merger.office, decision=merger.decision
    )
    body.agency = agencies.register_agency(
        facts,
        kind=_kind([share.old for share in shares]),
        valid_from=merger.effective_on,
        instead_of=[share.old_id for share in shares],
        actor=None,
        now=now,
        basis=basis_of(merger),
    )
    body.is_founded = True


def succeed(merger: Merger, old: Agency, shares: Sequence[MergerShare], *, now: datetime) -> None:
    """Record to whom ``old`` goes over; it ceases unless it is itself among them.

    Raises Refused.
    """
    lives_on = any(share.new and share.new.agency_id == old.pk for share in shares)
    away = [
        Share(share.new.agency, share.extent)
        for share in shares
        if share.new and share.new.agency and share.new.agency_id != old.pk
    ]
    if lives_on and not away:
        return
    try:
        agencies.succeed(
            old,
            away,
            decision=merger.decision,
            effective_on=merger.effective_on,
            dissolves=not lives_on,
            actor=None,
            now=now,
            basis=basis_of(merger),
        )
    except Refused:
        if not _is_recorded(merger, old, away):
            raise


def change(
    merger: Merger, body: MergerBody, shares: Sequence[MergerShare], *, now: datetime
) -> None:
    """Give a body that goes on its new version, if anything is new about it. Raises Refused."""
    assert body.agency is not None
    last = body.agency.versions.order_by("-valid_from").select_related("parent", "office")[0]
    facts = _changed(AgencyFacts.of(last), body, merger=merger)
    if not facts.differences(replace(AgencyFacts.of(last), decision=facts.decision)):
        return
    agencies.change_version(
        body.agency,
        facts,
        valid_from=merger.effective_on,
        instead_of=[share.old_id for share in shares],
        actor=None,
        now=now,
        basis=basis_of(merger),
    )


def _changed(before: AgencyFacts, body: MergerBody, *, merger: Merger) -> AgencyFacts:
    told = {name: value for name in _COLUMNS if (value := getattr(body, name)) != ""}
    office = before.office
    if office is None or not office.exists_on(merger.effective_on):
        office = merger.office
    superior = _superior(body) or before.parent
    return replace(before, **told, parent=superior, office=office, decision=merger.decision)


def _superior(body: MergerBody) -> Agency | None:
    return body.parent_body.agency if body.parent_body else body.parent


def _kind(olds: Sequence[Agency]) -> str:
    """Return what a founded body is: what the bodies that go over to it are, when all are one."""
    kinds = {old.kind for old in olds}
    return kinds.pop() if len(kinds) == 1 else AgencyKind.AGENCY


def _is_recorded(merger: Merger, old: Agency, away: Sequence[Share]) -> bool:
    """Say whether an administrator has recorded the same by hand meanwhile."""
    last = AgencyVersion.objects.filter(agency=old).order_by("-valid_from")[0]
    ended = last.valid_until == merger.effective_on
    recorded = Succession.objects.filter(predecessor=old, effective_on=merger.effective_on)
    wanted = {(share.successor.pk, str(share.extent)) for share in away}
    return ended and wanted == set(recorded.values_list("successor", "extent"))
