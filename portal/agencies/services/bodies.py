"""Bodies: registered once, changed by dated versions, gone over to others; never overwritten."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.agencies.acts import agency_act
from portal.agencies.facts import AgencyFacts, NameForms
from portal.agencies.models import (
    Agency,
    AgencyKind,
    AgencyVersion,
    Inheritance,
    Subscriber,
    Succession,
)
from portal.agencies.querysets import AgencyVersionQuerySet
from portal.agencies.rules import facts_violations, names_violations
from portal.agencies.services.words import keep_words_of_bodies, keep_words_of_subscribers
from portal.agencies.tree import is_under, managing_agency
from portal.audit import services as audit
from portal.core.database.bulk import update_rows
from portal.core.roles import Capability
from portal.core.rules import Refused, refuse
from portal.core.text.identifiers import normalise_phone
from portal.core.text.names import same
from portal.core.text.vietnamese import nfc, search_key, sort_key

if TYPE_CHECKING:
    from portal.accounts.models import User

_SHOWN = ("name", "province", "parent_id", "office_id", "has_seal")


@dataclass(frozen=True, slots=True)
class Share:
    """What of a body goes to one successor."""

    successor: Agency
    extent: str = Succession.Extent.WHOLE


@transaction.atomic
def register_agency(
    facts: AgencyFacts,
    *,
    kind: str = AgencyKind.AGENCY,
    valid_from: date,
    instead_of: Collection[int] = (),
    actor: User | None,
    now: datetime,
    basis: Mapping[str, str] | None = None,
) -> Agency:
    """Register a body with its first version and return it; ``actor`` None is the portal itself.

    ``instead_of`` are bodies it takes the place of: it may have the code of one of them. ``basis``
    says on whose word the portal acts, for the record. Raises PermissionDenied (not an
    administrator) or Refused.
    """
    _permit(actor)
    facts = _clean(facts)
    _check(facts, of=None, instead_of=instead_of)
    agency = Agency(kind=kind)
    _show(agency, facts)
    agency.save()
    keep_words_of_bodies([agency.pk])
    AgencyVersion.objects.create(agency=agency, valid_from=valid_from, **facts.columns())
    data = {"valid_from": valid_from.isoformat(), **(basis or {})}
    act = agency_act("agency.register", agency, data)
    audit.record(act, actor=actor, now=now)
    return agency


@transaction.atomic
def change_version(
    agency: Agency,
    facts: AgencyFacts,
    *,
    valid_from: date,
    instead_of: Collection[int] = (),
    actor: User | None,
    now: datetime,
    seen: date | None = None,
    basis: Mapping[str, str] | None = None,
) -> AgencyVersion:
    """Give ``agency`` a new version from a day on; the earlier ones stay as they were.

    A day to come is allowed: ``take_effect`` shows it then. ``seen`` is the first day of the
    version the change was written upon; ``instead_of`` and ``basis`` as in ``register_agency``.
    Raises PermissionDenied or Refused.
    """
    _permit(actor)
    agency = Agency.objects.select_for_update(no_key=True).get(pk=agency.pk)
    facts = _clean(facts)
    _check(facts, of=agency, instead_of=instead_of)
    last = _last_version(agency)
    if seen is not None and seen != last.valid_from:
        raise refuse(
            "changed_meanwhile",
            _("Thông tin đơn vị vừa được người khác thay đổi."),
            way_out=_("Hãy mở lại trang thay đổi để xem thông tin mới nhất."),
        )
    if valid_from <= last.valid_from:
        raise refuse(
            "version_starts_too_early",
            _(
                "Thông tin hiện có đã có hiệu lực từ %(day)s; "
                "thông tin mới phải bắt đầu sau ngày đó."
            )
            % {"day": f"{last.valid_from:%d/%m/%Y}"},
        )
    changed = facts.differences(replace(last.facts(), decision=facts.decision))
    if not changed:
        raise refuse("nothing_changed", _("Thông tin mới không khác thông tin hiện có."))
    last.valid_until = valid_from
    last.save(update_fields=["valid_until"])
    version = AgencyVersion(agency=agency, valid_from=valid_from, **facts.columns())
    if same(version.name, last.name):  # what a person looked through stands
        version.capital_name = last.capital_name
        version.certificate_name = last.certificate_name
        version.names_checked_at = last.names_checked_at
    version.save()
    if valid_from <= timezone.localdate(now):
        _show_and_save(agency, facts)
    data = {"valid_from": valid_from.isoformat(), "changed": changed, **(basis or {})}
    audit.record(agency_act("agency.change", agency, data), actor=actor, now=now)
    return version


@transaction.atomic
def settle_names(
    version: AgencyVersion,
    forms: NameForms,
    *,
    actor: User | None,
    now: datetime,
    basis: Mapping[str, str] | None = None,
) -> AgencyVersion:
    """Write the name of a version as a person looked it through; it stays the same name.

    The one thing that is mended in a version: nothing else of it, and no earlier one, changes.
    ``basis`` as in ``register_agency``. Raises PermissionDenied or Refused.
    """
    _permit(actor)
    agency = Agency.objects.select_for_update(no_key=True).get(pk=version.agency_id)
    version = agency.versions.get(pk=version.pk)
    forms = NameForms(**{name: nfc(value) for name, value in asdict(forms).items()})
    if forms.certificate_name == forms.capital_name:
        forms = replace(forms, certificate_name="")
    if violations := names_violations(version.name, forms):
        raise Refused(*violations)
    before = version.name
    for name, value in asdict(forms).items():
        setattr(version, name, value)
    version.names_checked_at = now
    version.save(update_fields=[*asdict(forms), "names_checked_at"])
    if agency.name == before:
        _show_and_save(agency, version.facts())
    data = {"before": before, **asdict(forms), **(basis or {})}
    audit.record(agency_act("agency.settle_names", agency, data), actor=actor, now=now)
    return version


@transaction.atomic
def succeed(
    predecessor: Agency,
    shares: Sequence[Share],
    *,
    decision: str,
    effective_on: date,
    dissolves: bool = True,
    actor: User | None,
    now: datetime,
    basis: Mapping[str, str] | None = None,
) -> list[Succession]:
    """Record to whom ``predecessor`` goes over; unless told otherwise it ceases on that day.

    ``basis`` as in ``register_agency``. Raises PermissionDenied or Refused.
    """
    _permit(actor)
    predecessor = Agency.objects.select_for_update(no_key=True).get(pk=predecessor.pk)
    last = _last_version(predecessor)
    if not shares and not dissolves:
        raise refuse("no_successor", _("Chưa chọn đơn vị kế thừa."))
    is_whole = any(share.extent == Succession.Extent.WHOLE for share in shares)
    if is_whole and len(shares) > 1:
        raise refuse(
            "whole_to_several",
            _("Đã chuyển toàn bộ cho một đơn vị thì không chia cho đơn vị khác được."),
        )
    if is_whole and not dissolves:
        raise refuse("whole_but_lives", _("Đơn vị chuyển toàn bộ thì phải chấm dứt hoạt động."))
    successors = Agency.objects.in_bulk([share.successor.pk for share in shares])
    already = predecessor.successions.filter(effective_on=effective_on, successor__in=successors)
    if len(successors) < len(shares) or already.exists():
        raise refuse("successor_twice", _("Một đơn vị kế thừa chỉ được ghi một lần."))
    for successor in successors.values():
        if successor.pk == predecessor.pk:
            raise refuse("successor_is_itself", _("Một đơn vị không thể kế thừa chính nó."))
        if not successor.exists_on(effective_on):
            raise refuse(
                "successor_dissolved",
                _("%(name)s không còn hoạt động vào ngày hiệu lực.") % {"name": successor.name},
            )
    if effective_on <= last.valid_from:
        raise refuse(
            "succession_too_early",
            _("Ngày hiệu lực phải sau %(day)s, ngày thông tin gần nhất của đơn vị bắt đầu.")
            % {"day": f"{last.valid_from:%d/%m/%Y}"},
        )
    made = Succession.objects.bulk_create(
        [
            Succession(
                predecessor=predecessor,
                successor=share.successor,
                extent=share.extent,
                decision=nfc(decision),
                effective_on=effective_on,
                in_effect=effective_on <= timezone.localdate(now),
            )
            for share in shares
        ]
    )
    if dissolves:
        last.valid_until = predecessor.dissolved_on = effective_on
        last.save(update_fields=["valid_until"])
        predecessor.save(update_fields=["dissolved_on"])
    inherit([one for one in made if one.in_effect])
    data = {
        "effective_on": effective_on.isoformat(),
        "dissolves": dissolves,
        "successors": [str(share.successor.uuid) for share in shares],
        **(basis or {}),
    }
    audit.record(agency_act("agency.succeed", predecessor, data), actor=actor, now=now)
    return made


@transaction.atomic
def take_effect(*, now: datetime) -> int:
    """Show the versions and successions whose day has come; return how many. Safe to repeat."""
    today = timezone.localdate(now)
    begun = Succession.objects.filter(in_effect=False, effective_on__lte=today)
    inherit(list(begun.select_for_update(of=("self",), no_key=True).order_by("effective_on", "pk")))
    count = begun.update(in_effect=True)
    shown = [f"agency__{name}" for name in _SHOWN]
    rows = AgencyVersion.objects.on(today).order_by().values_list("pk", *_SHOWN, *shown)
    late = [pk for pk, *row in rows if row[: len(_SHOWN)] != row[len(_SHOWN) :]]
    acts = []
    for version in AgencyVersion.objects.filter(pk__in=late).select_related("agency"):
        _show_and_save(version.agency, version.facts())
        data = {"valid_from": version.valid_from.isoformat()}
        acts.append(agency_act("agency.take_effect", version.agency, data))
    if acts:
        audit.record_many(acts, actor=None, now=now)
    return count + len(acts)


def _permit(actor: User | None) -> None:
    if actor is not None and not actor.can(Capability.ADMINISTER):
        raise PermissionDenied("only an administrator changes bodies")


def _clean(facts: AgencyFacts) -> AgencyFacts:
    """Return ``facts`` with text in normal form."""
    columns: dict[str, Any] = {
        name: nfc(value) if isinstance(value, str) else value
        for name, value in facts.columns().items()
    }
    columns["email_domain"] = columns["email_domain"].removeprefix("@").lower()
    columns["phone"] = normalise_phone(columns["phone"])
    return AgencyFacts(**columns)


def _check(facts: AgencyFacts, *, of: Agency | None, instead_of: Collection[int]) -> None:
    if found := facts_violations(facts):
        raise Refused(*found)
    if facts.office is not None and facts.office.kind != AgencyKind.OFFICE:
        raise refuse("not_an_office", _("Đơn vị theo dõi phải là Sở KH&CN hoặc Cục CNTT."))
    if of is not None and facts.parent is not None and is_under(facts.parent, of):
        raise refuse("parent_cycle", _("Một đơn vị không thể trực thuộc chính nó."))
    if facts.agency_code:
        taken = AgencyVersion.objects.filter(
            agency_code=facts.agency_code, valid_until__isnull=True
        ).exclude(agency__in=[*instead_of, *([of.pk] if of else [])])
        if taken.exists():
            raise refuse(
                "agency_code_taken",
                _("Mã định danh %(code)s đang là của một đơn vị khác.")
                % {"code": facts.agency_code},
                way_out=_("Hãy kiểm tra lại mã, hoặc tìm đơn vị ấy trong danh sách."),
            )


def _last_version(agency: Agency) -> AgencyVersion:
    """Return the latest version of a body that has no end; raises Refused when it has one."""
    if agency.dissolved_on is not None:
        raise refuse(
            "agency_dissolved",
            _("Đơn vị chấm dứt hoạt động từ %(day)s nên không thay đổi được nữa.")
            % {"day": f"{agency.dissolved_on:%d/%m/%Y}"},
        )
    return agency.versions.order_by("-valid_from")[:1].get()


def _show(agency: Agency, facts: AgencyFacts) -> None:
    """Put what lists need onto the body itself."""
    agency.name = facts.name
    agency.search_name = search_key(facts.name)
    agency.sort_name = sort_key(facts.name)
    agency.province = facts.province
    agency.parent = facts.parent
    agency.office = facts.office
    agency.has_seal = facts.has_seal


def _show_and_save(agency: Agency, facts: AgencyFacts) -> None:
    """Show ``facts`` on the body and on the subscriber that it is."""
    _show(agency, facts)
    agency.save()
    Subscriber.objects.filter(organisation=agency).update(
        name=agency.name,
        search_name=agency.search_name,
        sort_name=agency.sort_name,
        agency=managing_agency(agency),
    )
    keep_words_of_bodies([agency.pk])
    itself = Subscriber.objects.filter(organisation=agency).order_by()
    keep_words_of_subscribers(list(itself.values_list("pk", flat=True)))


_CHUNK = 500  # parameters of one statement


def inherit(successions: Sequence[Succession]) -> None:
    """Let the successors inherit, in the caller's transaction; in the order they took effect.

    What went over as a whole brings along what had gone over to it, and reaches what its successor
    has become since. A part of a body brings nothing: nobody can say whose the rest is.
    """
    whole = [one for one in successions if one.extent == Succession.Extent.WHOLE]
    if not whole:
        return
    above = _pairs("heir", {one.predecessor_id for one in whole})
    below = _pairs("ancestor", {one.successor_id for one in whole})
    found: set[tuple[int, int]] = set()
    for one in whole:
        ancestors = {one.predecessor_id} | above[one.predecessor_id]
        heirs = {one.successor_id} | below[one.successor_id]
        for ancestor in ancestors:
            below[ancestor] |= heirs
        for heir in heirs:
            above[heir] |= ancestors
        found |= {(ancestor, heir) for ancestor in ancestors for heir in heirs}
    Inheritance.objects.bulk_create(
        [Inheritance(ancestor_id=ancestor, heir_id=heir) for ancestor, heir in sorted(found)],
        ignore_conflicts=True,
        batch_size=_CHUNK,
    )


def _pairs(side: str, bodies: Collection[int]) -> defaultdict[int, set[int]]:
    """Return body → what stands on the other side of its rows."""
    other = "ancestor" if side == "heir" else "heir"
    found: defaultdict[int, set[int]] = defaultdict(set)
    wanted = sorted(bodies)
    for start in range(0, len(wanted), _CHUNK):
        rows = Inheritance.objects.filter(**{f"{side}__in": wanted[start : start + _CHUNK]})
        for mine, theirs in rows.values_list(side, other):
            found[mine].add(theirs)
    return found


def followed_by(offices: Collection[int], *, from_day: date) -> AgencyVersionQuerySet:
    """Return the versions in force on a day or later that name one of these offices."""
    lasting = Q(valid_until__isnull=True) | Q(valid_until__gt=from_day)
    return AgencyVersion.objects.filter(lasting, office__in=offices)


@transaction.atomic
def hand_on_bodies(
    office: Agency,
    to: Agency,
    *,
    from_day: date,
    decision: str,
    at_once: int,
    now: datetime,
    basis: Mapping[str, str] | None = None,
) -> int:
    """Let ``to`` follow the next ``at_once`` bodies that ``office`` follows on a day and later;
    return how many versions were changed, 0 when there is none left.

    Nothing but the office is new about them: a handful of statements for all. A version that began
    before the day ends on it, one that begins later is mended in place.
    """
    named = followed_by([office.pk], from_day=from_day).order_by("agency", "valid_from")
    keys = set(named.values_list("agency", flat=True)[:at_once])
    if not keys:
        return 0
    locked = Agency.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk")
    bodies = {body.pk: body for body in locked}
    found = list(named.filter(agency__in=keys).select_related("parent", "office"))
    begun = []
    for one in found:
        follower = None if one.agency_id == to.pk else to  # an office follows others, not itself
        if one.valid_from >= from_day:
            one.office = follower
            continue
        facts = replace(one.facts(), office=follower, decision=decision)
        begun.append(
            AgencyVersion(
                agency_id=one.agency_id,
                valid_from=from_day,
                valid_until=one.valid_until,
                **facts.columns(),
            )
        )
        one.valid_until = from_day
    update_rows(found, ["valid_until", "office"])
    AgencyVersion.objects.bulk_create(begun, batch_size=500)
    if from_day <= timezone.localdate(now):
        shown = Agency.objects.filter(pk__in=list(bodies), office=office)
        shown.exclude(pk=to.pk).update(office=to)
        shown.update(office=None)  # ``to`` itself, if it was followed
        keep_words_of_bodies(list(bodies))
    uuids = [str(body.uuid) for body in bodies.values()]
    data = {"name": office.name, "from_day": from_day.isoformat(), "to": str(to.uuid)}
    act = audit.Act(
        action="agency.hand_on_bodies",
        target_type="agency",
        target_uuid=office.uuid,
        agency_uuid=office.uuid,
        office_uuid=to.uuid,
        data={**data, "bodies": uuids, **(basis or {})},
    )
    audit.record(act, actor=None, now=now)
    return len(found)
