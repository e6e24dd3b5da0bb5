"""Whether a description contradicts itself, another one or the register: found before planning."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from orgmerge.description import contradictions
from orgmerge.models import Merger, MergerShare
from orgmerge.register import inputs, queries
from portal.agencies.models import Agency, AgencyVersion
from portal.core.rules import Violation
from requests_app.models import Dossier

# What can be wrong with a row that follows from another; its name and kind are not the officer's.
_OF_IMPLIED_ROWS = frozenset({"in_another_merger", "dissolved_already", "changed_later"})


def contradictions_of(merger: Merger) -> list[Violation]:
    """Return what is wrong with the description; ``row`` is the row's number on the page.

    Empty while nothing is described. A fixed number of queries for each thousand bodies.
    """
    described = inputs.described(merger)
    rows = merger.shares.order_by("position", "pk").values_list("position", "is_implied")
    if not rows:
        return []
    numbers = [position for position, _implied in rows]
    implied = {position for position, is_implied in rows if is_implied}
    involved = {share.old for share in described.shares}
    involved |= {one.agency for one in described.targets.values() if one.agency is not None}
    day = merger.effective_on - timedelta(days=1)
    bodies = queries.bodies_with_superiors(involved, today=day)
    # Body → another reorganisation that has it and goes on; not the one repealed here.
    others = Merger.objects.going_on().exclude(pk__in=[merger.pk, merger.repeals_id or 0])
    olds = merger.shares.order_by().values("old")
    elsewhere = MergerShare.objects.filter(
        merger__in=others.order_by().values("pk"), old__in=olds
    ).order_by()
    ended = Agency.objects.filter(pk__in=olds, dissolved_on__isnull=False).order_by()
    later = AgencyVersion.objects.filter(agency__in=olds, valid_from__gte=merger.effective_on)
    begins = timezone.make_aware(datetime.combine(merger.effective_on, time.min))
    dossiers = Dossier.objects.filter(agency__in=olds, created_at__gte=begins).order_by()
    filed = dossiers.values_list("agency_id").annotate(last=Max("created_at"))
    changed = later.order_by().values_list("agency_id").annotate(last=Max("valid_from"))
    found = contradictions.find(
        described.shares,
        described.targets,
        bodies,
        rows=numbers,
        effective_on=merger.effective_on,
        kind=merger.kind,
        elsewhere=dict(elsewhere.values_list("old_id", "merger__decision")),
        dissolved_on=dict(ended.values_list("pk", "dissolved_on")),
        changed_on=dict(changed),
        filed_on={agency: timezone.localdate(last) for agency, last in filed},
    )
    # The rows of bodies that go on under the name they have: that another bears it too is nothing
    # this decision does.
    unchanged = {
        number
        for number, share in zip(numbers, described.shares, strict=True)
        if share.new is not None
        and described.targets[share.new].agency == share.old
        and share.old in bodies
        and described.targets[share.new].key == bodies[share.old].key
    }
    told = [
        one
        for one in found
        if (one.row not in implied or one.code in _OF_IMPLIED_ROWS)
        and (one.row not in unchanged or one.code != "two_targets_of_one_name")
    ]
    # An office without a seal needs no other superior: it ends with its body (DOMAIN 14.21).
    own_rows = [
        (number, described.targets[share.new])
        for number, share in zip(numbers, described.shares, strict=True)
        if share.new is not None
        and described.targets[share.new].agency == share.old
        and not (number in implied and share.old in bodies and not bodies[share.old].has_seal)
    ]
    return [
        *told,
        *[
            Violation(
                "superior_not_said",
                _("%(name)s: cơ quan cấp trên chia tách hoặc chấm dứt, chưa ghi trực thuộc ai.")
                % {"name": target.name},
                row=number,
                way_out=_("Sửa đơn vị và ghi cơ quan cấp trên."),
            )
            for number, target in own_rows
            if target.superior_unknown
        ],
    ]
