"""Where each thing of a body goes: what the approved plan says of it, else where the body went."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from django.db.models import F, Q

from orgmerge.models import Merger, MergerShare, PlanLine
from orgmerge.planner.codes import Why
from orgmerge.planner.facts import Reply
from orgmerge.register import answers
from orgmerge.succession.bodies import offices_that_end
from orgmerge.succession.office_successors import OfficeSuccessors, successors_of_ended_offices
from orgmerge.vocabulary import Extent, ReviewAnswer
from portal.agencies.models import Agency, AgencyVersion
from portal.core.text.vietnamese import search_key

_AWAY = frozenset({Why.PERSON_LEFT, Why.MOVES_OUTSIDE})


@dataclass(slots=True)
class Destinations:
    """The destinations of one reorganisation, as far as its successions are recorded."""

    merger: Merger
    # Old body → the one it passed to as a whole; a body that was divided or dissolved has none.
    successors: dict[int, Agency] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)  # bodies that are no more
    bodies: dict[int, Agency] = field(default_factory=dict)  # described body → registered one
    order: dict[int, int] = field(default_factory=dict)  # old body → its place in the decision
    offices: OfficeSuccessors = field(
        default_factory=dict
    )  # office that is no more → who does its work
    _replies: dict[tuple[str, int], Reply] | None = None
    _names: dict[str, str] | None = None

    @property
    def replies(self) -> dict[tuple[str, int], Reply]:
        """What the bodies answered in the review, read once."""
        if self._replies is None:
            self._replies = answers.replies(self.merger)
        return self._replies

    @property
    def names(self) -> dict[str, str]:
        """Return the search key of a body's name before the day → its own or its successor's after.

        A name that two bodies bore which are called differently now is left out.
        """
        if self._names is None:
            after = {old: successor.name for old, successor in self.successors.items()}
            after |= {body.pk: body.name for body in self.bodies.values()}
            versions = AgencyVersion.objects.filter(
                Q(agency__in=self.merger.shares.order_by().values("old"))
                | Q(agency__in=self.merger.bodies.order_by().values("agency")),
                valid_until=self.merger.effective_on,
            )
            found: dict[str, set[str]] = {}
            for pk, name in versions.values_list("agency", "name"):
                if pk in after:
                    found.setdefault(search_key(name), set()).add(after[pk])
            self._names = {key: new.pop() for key, new in found.items() if len(new) == 1}
        return self._names

    def of(
        self, about: str, olds: Mapping[int, int], *, holders: Mapping[int, Agency] | None = None
    ) -> dict[int, Agency]:
        """Return thing → the body it goes to, for things (by key) of the old bodies named.

        The line of the approved plan decides; without one, a thing goes where its holder is
        (``holders``), else where its body as a whole went. What has no way is left out.
        """
        found = {
            pk: successor for pk, old in olds.items() if (successor := self.successors.get(old))
        }
        found |= holders or {}
        lines = PlanLine.objects.filter(
            plan=self.merger.approved_plan_id, about=about, target_id__in=list(olds)
        )
        for pk, sender in lines.filter(sender__isnull=False).values_list("target_id", "sender"):
            if sender in self.bodies:
                found[pk] = self.bodies[sender]
        return {pk: to for pk, to in found.items() if to.pk != olds[pk]}

    def leaving(self, about: str, *, by: str = "pk") -> Q:
        """Return what is to go: everything of bodies that ended; of those that live on, what a
        line of the plan gives to another. ``by`` is the column with the key the lines name."""
        lines = PlanLine.objects.filter(plan=self.merger.approved_plan_id, about=about)
        given = lines.filter(
            agency__dissolved_on__isnull=True,
            agency__in=self.merger.shares.order_by().values("old"),
            sender__agency__isnull=False,
        ).exclude(sender__agency=F("agency"))
        living = Q(agency__in=self.merger.shares.order_by().values("old"))
        living &= Q(agency__dissolved_on__isnull=True)
        of_living = living & Q(**{f"{by}__in": given.order_by().values("target_id")})
        return Q(agency__in=self.ended_bodies()) | of_living

    def ended_bodies(self) -> Collection[int]:
        """Return the bodies that ended with this decision, as a subquery."""
        recorded = MergerShare.objects.filter(
            merger=self.merger, took_effect_at__isnull=False, old__dissolved_on__isnull=False
        )
        rows: Collection[int] = recorded.order_by().values("old")  # type: ignore[assignment]
        return rows


def destinations_of(merger: Merger) -> Destinations:
    """Return the destinations of ``merger`` in three statements, however many bodies it has; two
    more when an office ended and its rows name nobody, and one for each level of offices without
    a seal."""
    found = Destinations(merger, offices=successors_of_ended_offices(merger))
    for body in merger.bodies.filter(agency__isnull=False).select_related("agency__office"):
        assert body.agency is not None
        found.bodies[body.pk] = body.agency
    shares = merger.shares.filter(took_effect_at__isnull=False).select_related("old")
    for share in shares:
        found.order.setdefault(share.old_id, share.position)
        if share.old.dissolved_on is None:
            continue
        found.ended.add(share.old_id)
        if share.extent == Extent.WHOLE and share.new_id in found.bodies:
            found.successors[share.old_id] = found.bodies[share.new_id]
    # What an office without a seal had passes to where the body went with which it ended.
    for unit, above in offices_that_end(merger, [one for one in shares if one.is_implied]).items():
        found.successors.pop(unit, None)
        (first, *others) = above
        if not others and first.extent == Extent.WHOLE and first.new_id in found.bodies:
            found.successors[unit] = found.bodies[first.new_id]
    return found


def person_stays_away(line: PlanLine | None, reply: Reply | None) -> bool:
    """Say whether the plan or the review says that a person does not go to a body of the plan."""
    said = reply.answer if reply else ""
    is_outside = said == ReviewAnswer.MOVES and reply is not None and reply.to is None
    return said == ReviewAnswer.LEFT or is_outside or (line is not None and line.reason in _AWAY)
