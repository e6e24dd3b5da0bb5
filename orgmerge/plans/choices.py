"""The choices of a plan as a page shows them: each body's candidates with what speaks for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone

from orgmerge.models import Merger, MergerBody, Plan, SurvivorChoice
from orgmerge.planner.reasons import AGAINST, NOTES, Reason
from portal.ca.models import Certificate


@dataclass(frozen=True, slots=True)
class ShownCandidate:
    """One certificate that could live on; ``rank`` is 0 when it falls out."""

    certificate: Certificate
    rank: int
    against: Sequence[Reason]
    notes: Sequence[Reason]
    days_left: int  # on the day the plan is judged on
    is_proposed: bool


@dataclass(frozen=True, slots=True)
class OfferedChoice:
    """Which certificate lives on under a body: what is offered, what was chosen.

    ``choice`` is a person's; ``is_made`` says whether the plan shown was made with it.
    """

    body: MergerBody
    candidates: Sequence[ShownCandidate]
    choice: SurvivorChoice | None
    is_made: bool

    @property
    def field(self) -> str:
        """The name of its radio buttons."""
        return f"choice-{self.body.pk}"

    @property
    def usable(self) -> Sequence[ShownCandidate]:
        return [one for one in self.candidates if one.rank]

    @property
    def fallen_out(self) -> Sequence[ShownCandidate]:
        return [one for one in self.candidates if not one.rank]

    @property
    def proposed(self) -> ShownCandidate | None:
        return next((one for one in self.candidates if one.is_proposed), None)

    @property
    def chosen(self) -> str:
        """The value of the button that was pressed: a certificate's key, "0" for none."""
        return str(self.choice.certificate_id or 0) if self.choice else ""


def open_first(plan: Plan, *, only_open: bool = False) -> list[Mapping[str, Any]]:
    """Return the choices as stored, those first that nobody made, since the plan was asked for
    neither; one query."""
    since = plan.merger.choices.filter(decided_at__gt=plan.asked_at)
    made_since = set(since.values_list("body_id", flat=True))
    made = [one["is_made"] or one["target"] in made_since for one in plan.choices]
    waiting = [one for one, is_made in zip(plan.choices, made, strict=True) if not is_made]
    if only_open:
        return waiting
    return waiting + [one for one, is_made in zip(plan.choices, made, strict=True) if is_made]


def offers(
    merger: Merger, plan: Plan, stored: Iterable[Mapping[str, Any]], *, today: date
) -> list[OfferedChoice]:
    """Return some choices of ``plan`` as they are shown; three queries."""
    some = list(stored)
    if not some:
        return []
    bodies = merger.bodies.in_bulk([one["target"] for one in some])
    keys = [each["certificate"] for one in some for each in one["candidates"]]
    certificates = Certificate.objects.select_related("agency", "key__device", "subscriber")
    found = certificates.defer("der", "crl_entry").in_bulk(keys)
    made = merger.choices.select_related("decided_by").filter(body__in=bodies)
    choices = {choice.body_id: choice for choice in made}
    day = plan.planned_for or today
    return [
        OfferedChoice(
            body=bodies[one["target"]],
            candidates=[
                ShownCandidate(
                    certificate=found[each["certificate"]],
                    rank=each["rank"],
                    against=[AGAINST[code] for code in each["against"] if code in AGAINST],
                    notes=[NOTES[code] for code in each["notes"] if code in NOTES],
                    days_left=(timezone.localdate(found[each["certificate"]].not_after) - day).days,
                    is_proposed=each["certificate"] == one["proposed"],
                )
                for each in sorted(
                    one["candidates"],
                    key=lambda stored: (not stored["rank"], stored["rank"], stored["certificate"]),
                )
                if each["certificate"] in found
            ],
            choice=choices.get(one["target"]),
            is_made=one["is_made"],
        )
        for one in some
        if one["target"] in bodies
    ]
