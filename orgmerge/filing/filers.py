"""What the lines of some bodies are judged by and written from; a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from django.utils import timezone

from orgmerge.models import Merger, MergerBody
from orgmerge.planner.facts import Reply
from orgmerge.planner.subjects import NamedBody
from orgmerge.plans.subjects import old_names
from orgmerge.register import answers, queries
from orgmerge.vocabulary import LineAbout
from portal.accounts.models import User
from portal.agencies.models import Agency, AgencyVersion
from portal.agencies.tree import with_superiors
from portal.ca.models import Certificate
from portal.core.roles import Capability, roles_that_can


@dataclass(frozen=True, slots=True)
class Filer:
    """One body after the reorganisation: who writes its letters and what they are to say of it."""

    body: MergerBody
    agency: Agency
    version: AgencyVersion
    clerk: User | None  # the first that is active; without one nothing is opened
    place: NamedBody


@dataclass(slots=True)
class Filers:
    """The bodies of one reorganisation that can write letters now, by the described body's key."""

    merger: Merger
    now: datetime
    by_body: Mapping[int, Filer] = field(default_factory=dict)
    _replies: Mapping[tuple[str, int], Reply] | None = None

    @property
    def today(self) -> date:
        return timezone.localdate(self.now)

    def reply(self, about: str, pk: int) -> Reply:
        """Return what the review said of a thing; an empty answer where it said nothing."""
        if self._replies is None:
            self._replies = answers.replies(self.merger)
        return self._replies.get((about, pk)) or Reply("")

    def reply_of(self, certificate: Certificate, named: int) -> Reply:
        """Return what was said of the certificate the plan named, else of whoever holds it."""
        own = self.reply(LineAbout.CERTIFICATE, named)
        return own if own.answer else self.reply(LineAbout.SUBSCRIBER, certificate.subscriber_id)


def filers_of(merger: Merger, bodies: Iterable[MergerBody], *, now: datetime) -> Filers:
    """Return the filers of registered bodies (with their ``agency``)."""
    today = timezone.localdate(now)
    wanted = {body.agency_id: body for body in bodies if body.agency_id is not None}
    versions = AgencyVersion.objects.on(today).filter(agency__in=wanted)
    found = versions.select_related("agency__office")
    facts = queries.bodies_with_superiors(wanted, today=today)
    clerks = first_clerks(wanted)
    olds = old_names(merger, [body.pk for body in wanted.values()])
    by_body = {}
    for version in found:
        body = wanted[version.agency_id]
        own = facts.get(version.agency_id)
        chain = with_superiors(own, lambda one: facts.get(one.parent or 0)) if own else ()
        by_body[body.pk] = Filer(
            body=body,
            agency=version.agency,
            version=version,
            clerk=clerks.get(version.agency_id),
            place=NamedBody(
                name=version.name,
                province=version.province,
                superiors=tuple(one.name for one in chain)[:0:-1],  # from the top
                email=version.email,
                olds=olds.get(body.pk, frozenset()),
            ),
        )
    return Filers(merger, now, by_body)


def first_clerks(agencies: Iterable[int]) -> dict[int, User]:
    """Return body → the first of its active clerks."""
    clerks = User.objects.filter(
        agency__in=list(agencies), role__in=roles_that_can(Capability.DRAFT), is_active=True
    )
    found: dict[int, User] = {}
    for clerk in clerks.select_related("agency__office").order_by("pk"):
        found.setdefault(clerk.agency_id, clerk)
    return found
