"""Whether a description contradicts itself, another one or the register: found before planning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta

from django.db.models import F, Max
from django.utils import timezone
from django.utils.translation import gettext as _

from orgmerge import contradictions, gathering, register
from orgmerge.facts import Body
from orgmerge.gathering import Description
from orgmerge.models import Merger, MergerShare
from portal.agencies.models import Agency, AgencyVersion
from portal.core.rules import Violation
from requests_app.models import Dossier

# What can be wrong with a row that follows from another; its name and kind are not the officer's.
_OF_IMPLIED_ROWS = frozenset({"in_another_merger", "dissolved_already", "changed_later"})


def contradictions_of(merger: Merger) -> list[Violation]:
    """Return what is wrong with the description; ``row`` is the row's number on the page.

    Empty while nothing is described. A fixed number of queries for each thousand bodies.
    """
    described = gathering.described(merger)
    rows = merger.shares.order_by("position", "pk").values_list("position", "is_implied")
    if not rows:
        return []
    numbers = [position for position, _implied in rows]
    implied = {position for position, is_implied in rows if is_implied}
    involved = {share.old for share in described.shares}
    involved |= {one.agency for one in described.targets.values() if one.agency is not None}
    day = merger.effective_on - timedelta(days=1)
    bodies = register.bodies_with_superiors(involved, today=day)
    found = contradictions.find(
        described.shares,
        described.targets,
        bodies,
        rows=numbers,
        effective_on=merger.effective_on,
        kind=merger.kind,
        elsewhere=_elsewhere(merger),
        dissolved_on=_dissolved_on(merger),
        changed_on=_changed_on(merger),
        filed_on=_filed_on(merger),
    )
    unchanged = _unchanged(described, bodies, numbers)
    told = [
        one
        for one in found
        if (one.row not in implied or one.code in _OF_IMPLIED_ROWS)
        and (one.row not in unchanged or one.code != "two_targets_of_one_name")
    ]
    return [*told, *_without_superior(merger)]


def _unchanged(
    described: Description, bodies: Mapping[int, Body], numbers: Sequence[int]
) -> set[int]:
    """Return the rows of bodies that go on under the name they have: that another bears it too is
    nothing this decision does."""
    return {
        number
        for number, share in zip(numbers, described.shares, strict=True)
        if share.new is not None
        and described.targets[share.new].agency == share.old
        and share.old in bodies
        and described.targets[share.new].key == bodies[share.old].key
    }


def _elsewhere(merger: Merger) -> dict[int, str]:
    """Return body → another reorganisation that has it and goes on; not the one repealed here."""
    others = Merger.objects.going_on().exclude(pk__in=[merger.pk, merger.repeals_id or 0])
    rows = MergerShare.objects.filter(
        merger__in=others.order_by().values("pk"), old__in=merger.shares.order_by().values("old")
    )
    return dict(rows.order_by().values_list("old_id", "merger__decision"))


def _dissolved_on(merger: Merger) -> dict[int, object]:
    olds = Agency.objects.filter(pk__in=merger.shares.order_by().values("old"))
    ended = olds.exclude(dissolved_on=None).order_by()
    return dict(ended.values_list("pk", "dissolved_on"))


def _changed_on(merger: Merger) -> dict[int, object]:
    olds = merger.shares.order_by().values("old")
    versions = AgencyVersion.objects.filter(agency__in=olds, valid_from__gte=merger.effective_on)
    rows = versions.order_by().values_list("agency_id").annotate(last=Max("valid_from"))
    return dict(rows)


def _filed_on(merger: Merger) -> dict[int, object]:
    """Return body → the day of its newest dossier, of those made on the effective day or later."""
    begins = timezone.make_aware(datetime.combine(merger.effective_on, time.min))
    olds = merger.shares.order_by().values("old")
    later = Dossier.objects.filter(agency__in=olds, created_at__gte=begins).order_by()
    rows = later.values_list("agency_id").annotate(last=Max("created_at"))
    return {agency: timezone.localdate(last) for agency, last in rows}


def _without_superior(merger: Merger) -> list[Violation]:
    """Who stood under a body that is split or dissolved goes under nobody unless a person says."""
    rows = merger.shares.filter(
        old=F("new__agency"),
        old__parent__isnull=False,
        new__parent__isnull=True,
        new__parent_body__isnull=True,
    )
    return [
        Violation(
            "superior_not_said",
            _("%(name)s: cơ quan cấp trên chia tách hoặc chấm dứt, chưa ghi trực thuộc ai.")
            % {"name": name},
            row=position,
            way_out=_("Sửa đơn vị và ghi cơ quan cấp trên."),
        )
        for position, name in rows.order_by("position").values_list("position", "new__name")
    ]
