"""What will the new subject be: what a certificate says, and what it is to say after the
reorganisation.

``new_subjects`` is the one place that answers it before the effective day, from the description;
the row of Mẫu 04 that carries it out is filled with the same answers (``planner.new_names``)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orgmerge.models import Merger, MergerBody, MergerShare, PlanLine
from orgmerge.planner import names
from orgmerge.planner.facts import KnownBody, Reply
from orgmerge.planner.subjects import NamedBody, Subject, levels_named, new_values
from orgmerge.register import answers as review_answers
from orgmerge.register import queries
from orgmerge.vocabulary import LineAbout, LineAction
from portal.agencies.models import AgencyVersion
from portal.ca.models import Certificate
from portal.ca.pki.names import SubjectName, name_problems
from portal.core.text.names import CERTIFICATE_NAME_LENGTH, in_short
from requests_app.catalogue.mau_04_renew_change.form import LEVELS, changed_subject

_NAMED = frozenset({*LEVELS, "new_name"})
_MOST_ABOVE = 6  # superiors of a body that are named at most


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a subject: as it is, as it is to be."""

    label: str
    old: str
    new: str

    @property
    def is_changed(self) -> bool:
        return self.old != self.new


@dataclass(frozen=True, slots=True)
class NewSubject:
    """A certificate's subject and the one Mẫu 04 asks for.

    ``answers`` are those of the row, {} when nothing of the subject changes; ``problems`` say, in
    Vietnamese, why the new one can't stand in a certificate.
    """

    old: SubjectName
    new: SubjectName
    answers: Mapping[str, str]

    @property
    def parts(self) -> Sequence[Part]:
        """Old and new side by side, from the top of the subject down."""
        old, new = self.old, self.new
        rows: list[tuple[object, str, str]] = [
            (_("Tên chứng thư (CN)"), old.common_name, new.common_name)
        ]
        most = max(len(old.organisation_levels), len(new.organisation_levels))
        for level in range(most):
            label = _("Tổ chức cấp %(level)d") % {"level": level + 1}
            rows.append(
                (label, _at(old.organisation_levels, level), _at(new.organisation_levels, level))
            )
        rows.append((_("Tỉnh/Thành phố (L)"), old.locality, new.locality))
        rows.append((_("Thư điện tử"), old.email, new.email))
        return [Part(str(label), before, after) for label, before, after in rows]

    @property
    def old_words(self) -> str:
        return words_of(self.old)

    @property
    def new_words(self) -> str:
        return words_of(self.new)

    @property
    def problems(self) -> Sequence[str]:
        return name_problems(self.new) if self.answers else ()


def words_of(subject: SubjectName) -> str:
    """Return a subject on one line, as certificates are read: "L=…, O=…, OU=…, CN=…, E=…"."""
    levels = subject.organisation_levels
    parts = [("L", subject.locality), *(("O", level) for level in levels[:1])]
    parts += [("OU", level) for level in levels[1:]]
    parts += [("CN", subject.common_name), ("E", subject.email)]
    return ", ".join(f"{name}={value}" for name, value in parts if value)


def new_subjects(
    merger: Merger, lines: Iterable[PlanLine], *, today: date
) -> dict[int, NewSubject]:
    """Return certificate → its old and new subject, for the lines that change a certificate; a
    fixed number of queries."""
    changing = [
        line
        for line in lines
        if (line.about, line.action) == (LineAbout.CERTIFICATE, LineAction.CHANGE)
    ]
    if not changing:
        return {}
    certificates = Certificate.objects.defer("der", "crl_entry").in_bulk(
        [line.target_id for line in changing]
    )
    senders = {line.sender_id for line in changing if line.sender_id}
    places = places_of(merger, senders, today=today)
    # What was answered of the certificates and of whoever holds them.
    holders = {one.subscriber_id for one in certificates.values()}
    about = Q(certificate__subscriber__in=holders) | Q(subscriber__in=holders)
    replies = review_answers.replies(merger, among=about)
    found = {}
    for line in changing:
        certificate, place = certificates.get(line.target_id), places.get(line.sender_id or 0)
        if certificate is not None and place is not None:
            own = replies.get((LineAbout.CERTIFICATE, certificate.pk))
            reply = (
                own or replies.get((LineAbout.SUBSCRIBER, certificate.subscriber_id)) or Reply("")
            )
            old = subject_now(certificate)
            subject = Subject(
                kind=certificate.kind,
                common_name=old.common_name,
                levels=old.organisation_levels,
                province=old.locality,
                email=old.email,
            )
            answers = new_values(subject, place, unit=reply.unit, email=reply.email)
            new = changed_subject(old, certificate.kind, in_certificate(answers, place))
            found[certificate.pk] = NewSubject(old, new, answers)
    return found


def in_certificate(answers: Mapping[str, str], place: NamedBody) -> dict[str, str]:
    """Return the answers of a row of Mẫu 04 with the names as the certificate will have them: in
    short where they are longer than it lets them be (DOMAIN 14.24)."""
    return {
        name: place.short
        if place.short and value == place.name
        else in_short(value, CERTIFICATE_NAME_LENGTH)
        if name in _NAMED
        else value
        for name, value in answers.items()
    }


def places_of(merger: Merger, bodies: Collection[int], *, today: date) -> dict[int, NamedBody]:
    """Return described body → how certificates are to name it, from the description alone."""
    rows = {
        body.pk: body
        for body in MergerBody.objects.filter(merger=merger).only(
            "merger", "name", "province", "email", "agency", "parent", "parent_body"
        )
    }
    wanted = [rows[pk] for pk in bodies if pk in rows]
    above = {body.parent_id for body in rows.values() if body.parent_id is not None}
    registered = queries.bodies_with_superiors(above, today=today)
    living_on = {body.agency_id: body for body in rows.values() if body.agency_id is not None}
    chain = _Chain(rows, registered, living_on)
    olds = old_names(merger, [body.pk for body in wanted])
    lasting = [body.agency_id for body in wanted if body.agency_id is not None]
    versions = (
        AgencyVersion.objects.on(today).filter(agency__in=lasting).exclude(certificate_name="")
    )
    shorts = {
        (agency, names.key(name)): short
        for agency, name, short in versions.values_list("agency", "name", "certificate_name")
    }
    return {
        body.pk: NamedBody(
            name=body.name,
            province=body.province,
            superiors=chain.above(body),
            short=shorts.get((body.agency_id or 0, names.key(body.name)), ""),
            email=body.email,
            olds=olds.get(body.pk, frozenset()),
        )
        for body in wanted
    }


@dataclass(frozen=True, slots=True)
class _Chain:
    """Who stands above whom after the reorganisation."""

    described: Mapping[int, MergerBody]
    registered: Mapping[int, KnownBody]
    living_on: Mapping[int, MergerBody]  # registered body → as what it goes on

    def above(self, body: MergerBody) -> tuple[str, ...]:
        """Return the names above ``body``, from the top."""
        found: list[str] = []
        here: MergerBody | KnownBody | None = self._superior(body)
        while here is not None and len(found) < _MOST_ABOVE:
            found.insert(0, here.name)
            here = self._superior(here)
        return tuple(found)

    def _superior(self, body: MergerBody | KnownBody) -> MergerBody | KnownBody | None:
        if isinstance(body, KnownBody):
            return self._named(body.parent)
        if body.parent_body_id is not None:
            return self.described.get(body.parent_body_id)
        return self._named(body.parent_id)

    def _named(self, agency: int | None) -> MergerBody | KnownBody | None:
        """A superior that the same decision renames is called by its new name."""
        if agency is None:
            return None
        return self.living_on.get(agency) or self.registered.get(agency)


def subject_now(certificate: Certificate) -> SubjectName:
    """Return whom a certificate names now, read from its text."""
    levels, province = levels_named(certificate.subject)
    return SubjectName(
        common_name=certificate.common_name,
        organisation_levels=levels,
        locality=province,
        email=certificate.email,
    )


def old_names(merger: Merger, bodies: Collection[int]) -> dict[int, frozenset[str]]:
    """Return described body → the comparable names that passed to it, in all their versions."""
    shares = MergerShare.objects.filter(merger=merger, new__in=list(bodies)).order_by()
    found: dict[int, set[str]] = {}
    for body, name, version in shares.values_list("new", "old__name", "old__versions__name"):
        found.setdefault(body or 0, set()).update(names.key(one) for one in (name, version) if one)
    return {body: frozenset(keys) for body, keys in found.items()}


def _at(levels: Sequence[str], level: int) -> str:
    return levels[level] if level < len(levels) else ""
