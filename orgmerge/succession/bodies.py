"""One body at a time: registered, passed to others, or given its new version.

The portal does it, on the word of the two people of the office who described and approved it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext as _

from orgmerge.models import Merger, MergerBody, MergerShare
from orgmerge.succession.office_successors import OfficeSuccessors, living
from orgmerge.vocabulary import Extent
from portal.agencies import services as agencies
from portal.agencies.models import Agency, AgencyKind, AgencyVersion, Succession
from portal.agencies.services import AgencyFacts, Share
from portal.core.rules import Refused, refuse


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
    merger: Merger,
    body: MergerBody,
    shares: Sequence[MergerShare],
    *,
    offices: OfficeSuccessors,
    now: datetime,
) -> None:
    """Register a founded body and set its ``agency``; the caller saves. Raises Refused.

    ``offices`` says who does the work of those that end, as far as it is registered.
    """
    # The office of those that pass to it when they have one and the same, else the leading one.
    # An office as a rule has none.
    theirs = {living(share.old.office, offices) for share in shares}
    common = theirs.pop() if len(theirs) == 1 else None
    if _kind(shares) == AgencyKind.OFFICE:
        office = common
    else:
        office = common or living(merger.office, offices) or merger.office
    facts = replace(body.facts(), parent=_superior(body), office=office, decision=merger.decision)
    body.agency = agencies.register_agency(
        facts,
        kind=_kind(shares),
        valid_from=merger.effective_on,
        instead_of=[share.old_id for share in shares],
        actor=None,
        now=now,
        basis=basis_of(merger),
    )
    body.is_founded = True


def offices_that_end(merger: Merger, shares: Iterable[MergerShare]) -> dict[int, list[MergerShare]]:
    """Return office without a seal → the shares of the body with which it ends (DOMAIN 14.21), of
    the offices that go on by an implied row alone. A query for each level of the tree."""
    units = {
        share.old_id: share.old.parent_id
        for share in shares
        if share.is_implied and not share.old.has_seal and share.old.parent_id
    }
    if not units:
        return {}
    above: dict[int, list[MergerShare]] = {}
    rows = merger.shares.filter(old__in=set(units.values()))
    for row in rows.select_related("old", "new__agency").order_by("position"):
        above.setdefault(row.old_id, []).append(row)
    of_offices = offices_that_end(merger, [row for some in above.values() for row in some])
    found = {}
    for unit, superior in units.items():
        some = above.get(superior, [])
        has_ended = bool(some) and all(
            row.new is None or row.new.agency_id != row.old_id for row in some
        )
        if ends_with := some if has_ended else of_offices.get(superior):
            found[unit] = ends_with
    return found


def succeed(merger: Merger, old: Agency, shares: Sequence[MergerShare], *, now: datetime) -> None:
    """Record who succeeds ``old``; it ceases unless it is itself among them.

    Raises Refused.
    """
    shares = offices_that_end(merger, shares).get(old.pk, shares)
    if any(share.new and share.new.agency is None for share in shares):
        raise refuse("superior_not_recorded", _("Đơn vị kế thừa chưa được ghi nhận."))
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
        # Whether an administrator has recorded the same by hand meanwhile.
        last = AgencyVersion.objects.filter(agency=old).order_by("-valid_from")[0]
        ended = last.valid_until == merger.effective_on
        recorded = Succession.objects.filter(predecessor=old, effective_on=merger.effective_on)
        wanted = {(share.successor.pk, str(share.extent)) for share in away}
        if not (ended and wanted == set(recorded.values_list("successor", "extent"))):
            raise


def change(
    merger: Merger,
    body: MergerBody,
    shares: Sequence[MergerShare],
    *,
    offices: OfficeSuccessors,
    now: datetime,
) -> None:
    """Give a body that goes on its new version, if anything is new about it. Raises Refused.

    ``offices`` as in ``register``.
    """
    assert body.agency is not None
    if body.agency.dissolved_on is not None and not body.agency.has_seal:
        return  # it ended with the body whose office it was
    last = body.agency.versions.order_by("-valid_from").select_related("parent", "office")[0]
    before = last.facts()
    # What is left empty stays as it was.
    told = {
        name: value for name, value in body.facts().columns().items() if value not in ("", None)
    }
    superior = _superior(body) or before.parent
    office = living(_office_under(before, superior), offices)
    if office is None or not office.exists_on(merger.effective_on):
        office = living(merger.office, offices) or before.office
    if body.agency.kind == AgencyKind.OFFICE:
        office = living(before.office, offices)  # as a rule it has none
    told |= {"parent": superior, "office": office, "decision": merger.decision}
    facts = replace(before, **told)
    if not facts.differences(replace(last.facts(), decision=facts.decision)):
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


def _office_under(before: AgencyFacts, superior: Agency | None) -> Agency | None:
    """Who comes from one superior to another is followed by the other's office, if it was by the
    one's (DERIVED: an office follows the bodies of its province)."""
    above = before.parent
    if above is None or superior is None or before.office is None:
        return before.office
    stays = above.office_id == superior.office_id or above.office_id != before.office.pk
    return before.office if stays else superior.office or before.office


def _superior(body: MergerBody) -> Agency | None:
    return body.parent_body.agency if body.parent_body else body.parent


def _kind(shares: Sequence[MergerShare]) -> str:
    """Return what a founded body is: what the bodies that pass to it are, when all are one.

    Whoever takes all of an office over does the office's work, whatever else it does.
    """
    kinds = {share.old.kind for share in shares}
    whole = {share.old.kind for share in shares if share.extent == Extent.WHOLE}
    if AgencyKind.OFFICE in whole:
        return AgencyKind.OFFICE
    return kinds.pop() if len(kinds) == 1 else AgencyKind.AGENCY
