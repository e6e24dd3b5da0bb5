"""The sender's part of the tree of bodies: what the bodies named in its rows are held against."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from django.db.models import Q

from portal.agencies.models import Agency, AgencyVersion
from portal.agencies.querysets import ancestors_of
from portal.core.text import names


@dataclass(frozen=True, slots=True)
class Body:
    """A body of the sender's tree as it is called today."""

    pk: int
    parent: int | None
    name: str
    capitals: str = ""
    short: str = ""  # chosen for certificates, "" where none was


@dataclass(frozen=True)
class OwnTree:
    """The sender, the bodies above it and those under it; pure, so that it can be asked often."""

    sender: int
    province: str
    bodies: Mapping[int, Body]
    former: Mapping[str, int] = field(default_factory=dict)  # key of an earlier name → the body
    units: Collection[str] = ()  # keys of the rooms its people are on record in
    near: dict[str, str] = field(default_factory=dict)  # typed → the name it is like, or ""

    @cached_property
    def by_key(self) -> Mapping[str, Body]:
        """Name made comparable → body; also as it stands in certificates."""
        most = names.CERTIFICATE_NAME_LENGTH
        short = {
            names.key(one.short or names.in_short(one.capitals, most)): one
            for one in self.bodies.values()
            if one.short or len(one.capitals) > most
        }
        return short | {names.key(one.name): one for one in self.bodies.values()}

    def named(self, typed: str) -> Body | None:
        """Return the body that ``typed`` is the name of, however it is written."""
        return self.by_key.get(names.key(typed))

    def formerly(self, typed: str) -> Body | None:
        """Return the body that bore that name before, or that went over to the sender."""
        return self.bodies.get(self.former.get(names.key(typed), 0))

    def superiors(self, pk: int | None) -> list[Body]:
        """Return the body with that key and those above it, the nearest first."""
        found: list[Body] = []
        while (body := self.bodies.get(pk or 0)) is not None and body not in found:
            found.append(body)
            pk = body.parent
        return found

    def nearest(self, typed: str) -> str:
        """Return the registered name that ``typed`` is probably meant for, "" for none."""
        if typed not in self.near:
            # A body's name, and behind it its province, is that body's.
            key, here = names.key(typed), names.key(self.province)
            tails = (f" t {here}", f" tp {here}", f" {here}")
            tail = next((tail for tail in tails if here and key.endswith(tail)), "")
            body = self.by_key.get(key.removesuffix(tail)) if tail else None
            known = [one.name for one in self.bodies.values()]
            self.near[typed] = body.name if body else names.nearest(typed, known)
        return self.near[typed]


def own_tree(agency: Agency, *, today: date) -> OwnTree:
    """Return the tree of ``agency`` by the names in force and those before, in two queries."""
    above = (
        Agency.objects.filter(pk=agency.pk)
        .values_list("parent", "parent__parent", "parent__parent__parent")
        .get()
    )
    under = Q(agency=agency.pk)
    for depth in range(1, 4):
        under |= Q(**{"agency__" + "__".join(["parent"] * depth): agency.pk})
    superiors = [pk for pk in above if pk]
    predecessors = ancestors_of(agency.pk)
    versions = (
        AgencyVersion.objects.filter(
            under | Q(agency__in=superiors) | Q(agency__in=predecessors), valid_from__lte=today
        )
        .select_related("agency")
        .only(
            "agency__dissolved_on",
            "parent",
            "name",
            "capital_name",
            "certificate_name",
            "valid_until",
        )
        .order_by("agency", "valid_from")
    )
    bodies: dict[int, Body] = {}
    former: dict[str, int] = {}
    for one in versions:
        if one.valid_until is not None and one.valid_until <= today:
            is_gone = not one.agency.exists_on(today)
            former[names.key(one.name)] = agency.pk if is_gone else one.agency_id
        elif one.agency.exists_on(today):
            bodies[one.agency_id] = Body(
                one.agency_id, one.parent_id, one.name, one.in_capitals, one.certificate_name
            )
    return OwnTree(agency.pk, agency.province, bodies, former)
