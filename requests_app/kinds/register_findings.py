"""Rows held against the register: their bodies, people and old certificates, in a few queries.

A clerk's rows are held against the own tree alone, so nobody learns who exists elsewhere. Whoever
decides is told what the part of the register that they see says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from itertools import pairwise

from django.utils import timezone

from portal.accounts.models import User
from portal.agencies.models import Affiliation, Agency, Subscriber, SubscriberKind
from portal.ca.models import Certificate
from portal.core.rules import Finding, Severity
from portal.core.text import identifiers, names
from portal.core.text.vietnamese import search_key
from requests_app import kinds
from requests_app.kinds import people
from requests_app.kinds.base import CellFinding, Kind, check_cell
from requests_app.kinds.certificate_names import FIELDS, NEW_LEVELS
from requests_app.kinds.named_bodies import bodies_of
from requests_app.kinds.targets import serial_of
from requests_app.kinds.trees import OwnTree, own_tree
from requests_app.models import Dossier, DossierItem
from requests_app.rules import names as rules

_LEVELS = (people.LEVELS, NEW_LEVELS)
# The cell that names a body by itself; a rule of the form refuses what is not registered.
_BODY_CELL = {"organisation": "name", "system": "owner", "certificate": "new_name"}
_OLD_SERIAL, _PROVINCE = "old_serial", "province"
_NOT_IN_THE_TREE = frozenset(
    {"other_province", "other_commune", "name_misspelt", "body_not_registered"}
)


def findings(
    dossier: Dossier, items: Sequence[DossierItem], *, reader: User | None = None, now: datetime
) -> dict[int, list[CellFinding]]:
    """Return what the register says of the rows, by their position; at most ten queries.

    ``reader`` None is the sender, who is told of the own tree alone.
    """
    kind = kinds.get(dossier.kind)
    fields = {one.name for one in kind.fields}
    levels = next((one for one in _LEVELS if one[0] in fields), ())
    cell = _BODY_CELL.get(kind.about, "")
    if not levels and cell not in fields:
        return {}
    typed = [item for item in items if not kind.is_blank(item.answers)]
    found: dict[int, list[CellFinding]] = {item.position: [] for item in typed}
    if not typed:
        return {}
    tree = own_tree(dossier.agency, today=timezone.localdate(now))
    own = bodies_of(dossier.agency)
    if levels:
        # Rooms that people were issued certificates in, or came to by a reorganisation.
        standing = Affiliation.objects.filter(agency__in=own, valid_until__isnull=True).order_by()
        units = standing.exclude(unit="").values_list("unit", flat=True).distinct()
        tree = replace(tree, units={names.key(unit) for unit in units})
    for position, odd_cell in _of_names(typed, levels, cell if cell in fields else "", tree):
        found[position].append(odd_cell)
    if reader is not None:
        for position, odd_cell in _of_bodies(typed, found, reader):
            found[position].append(odd_cell)
    if kind.about == "person":
        for position, odd_cell in _of_people(typed, own, reader):
            found[position].append(odd_cell)
    if _OLD_SERIAL in fields:
        for position, odd_cell in _of_old_serials(
            typed, own, reader, is_person=kind.about == "person"
        ):
            found[position].append(odd_cell)
    return _of_sound_cells(kind, typed, found)


def _of_sound_cells(
    kind: Kind, items: Sequence[DossierItem], found: Mapping[int, Sequence[CellFinding]]
) -> dict[int, list[CellFinding]]:
    """Return what was found in cells that are right by themselves: of one that its own check
    refuses (letters not ours, "as above") nothing is asked besides."""
    sound: dict[tuple[str, str], bool] = {}  # many rows say the same
    told: dict[int, list[CellFinding]] = {}
    for item in items:
        for one in found[item.position]:
            said = one.field, item.answers.get(one.field, "")
            if said not in sound:
                odd = check_cell(kind.field_named(one.field), item.answers)
                sound[said] = not any(each.severity is Severity.ERROR for each in odd)
            if sound[said]:
                told.setdefault(item.position, []).append(one)
    return told


def _of_names(
    items: Sequence[DossierItem], levels: Sequence[str], cell: str, tree: OwnTree
) -> Iterator[tuple[int, CellFinding]]:
    """Hold the names of bodies against the sender's tree; ``cell`` names one by itself."""
    wanted = {item.certificate_id for item in items if item.certificate_id}
    certificates = Certificate.objects.filter(pk__in=wanted).order_by()
    kinds_of = dict(certificates.values_list("pk", "kind")) if wanted else {}
    judged: dict[tuple[object, ...], list[CellFinding]] = {}  # many rows say the same
    province_is_the_senders = cache(rules.province_is_the_senders)
    for item in items:
        path = tuple(item.answers.get(level, "") for level in levels)
        of = kinds_of.get(item.certificate_id or 0, SubscriberKind.PERSON)
        is_person = of == SubscriberKind.PERSON
        if (path, is_person) not in judged:
            judged[path, is_person] = judge_levels(path, levels, tree, is_person=is_person)
        for odd_cell in judged[path, is_person]:
            yield item.position, odd_cell
        name = item.answers.get(cell, "") if cell else ""
        if name and of != SubscriberKind.SYSTEM:
            if body := tree.named(name):
                odd = rules.name_is_written_as_registered(name, _as_typed(body.name, name))
            elif formerly := tree.formerly(name):
                odd = rules.name_is_of_today(name, _as_typed(formerly.name, name))
            else:
                near = rules.name_is_not_misspelt(name, _as_typed(tree.nearest(name), name))
                odd = replace(near, asks=False) if near else None  # refused by the form's own rule
            if odd:
                yield item.position, CellFinding(cell, odd)
        stated = item.answers.get(_PROVINCE, "")
        if elsewhere := province_is_the_senders(stated, tree.province):
            yield item.position, CellFinding(_PROVINCE, elsewhere)
        for field in FIELDS:
            if typed := item.answers.get(field, ""):
                body = tree.named(typed)
                short, capitals = (body.short, body.capitals) if body else ("", typed)
                if length := rules.name_fits_a_certificate(typed, short, capitals):
                    yield item.position, CellFinding(field, length)


def judge_levels(
    path: Sequence[str], levels: Sequence[str], tree: OwnTree, *, is_person: bool = True
) -> list[CellFinding]:
    """Return what is odd about the levels of a certificate's subject, from the top.

    What stands above the first body of the tree is judged only where the register knows what is
    above the sender. A person's begin at the top and end at the sender or below it; those of an
    organisation or a system may be its superior alone (DOMAIN 5.2: O=BỘ TÀI CHÍNH, CN=CỤC THUẾ).
    """
    filled = [(level, typed) for level, typed in zip(levels, path, strict=True) if typed]
    if not filled:
        return []
    bodies = [tree.named(typed) for _level, typed in filled]
    above = tree.superiors(tree.sender)
    first = next((at for at, body in enumerate(bodies) if body), len(bodies))
    found: list[CellFinding] = []
    for at, ((level, typed), body) in enumerate(zip(filled, bodies, strict=True)):
        is_judged = at > first or len(above) > 1 or at > 0
        finding: Finding | None
        if body is not None:
            finding = rules.name_is_written_as_registered(typed, _as_typed(body.name, typed))
        else:
            near, formerly = tree.nearest(typed), tree.formerly(typed)
            is_on_record = at > first and names.key(typed) in tree.units
            finding = (
                rules.name_is_of_today(typed, _as_typed(formerly.name, typed) if formerly else "")
                or rules.body_is_of_the_senders_province(typed, tree.province)
                or rules.name_is_not_misspelt(typed, "" if is_on_record else _as_typed(near, typed))
                or rules.body_is_of_the_senders_commune(typed, [one.name for one in above])
                or (rules.body_is_registered(typed, is_known=is_on_record) if is_judged else None)
            )
        if finding:
            found.append(CellFinding(level, finding))
    if found:
        return found  # names first: the order of names that are wrong tells nothing
    known = [(level, body) for (level, _), body in zip(filled, bodies, strict=True) if body]
    for (_upper_level, upper), (level, lower) in pairwise(known):
        is_under = upper in tree.superiors(lower.pk)
        if odd := rules.levels_go_downwards(upper.name, lower.name, is_under=is_under):
            return [CellFinding(level, odd)]
    superior = tree.bodies.get(known[0][1].parent or 0) if known and is_person else None
    if superior and (odd := rules.superior_is_named(superior.name, is_named=first > 0)):
        return [CellFinding(filled[0][0], odd)]
    if is_person and tree.sender in tree.bodies:
        lowest = known[-1][1].pk if known else None
        is_named = any(one.pk == tree.sender for one in tree.superiors(lowest))
        if odd := rules.sender_is_named(tree.bodies[tree.sender].name, is_named=is_named):
            return [CellFinding(filled[-1][0], odd)]
    return []


def _as_typed(name: str, typed: str) -> str:
    """Return a registered name in the letters a person writes in: capitals stay capitals."""
    return name.upper() if typed == typed.upper() else name


def _of_bodies(
    items: Sequence[DossierItem], found: Mapping[int, Sequence[CellFinding]], reader: User
) -> list[tuple[int, CellFinding]]:
    """Say of the bodies that are none of the sender's tree whose they are, as the reader sees."""
    odd = [
        (item.position, cell.field, item.answers[cell.field])
        for item in items
        for cell in found[item.position]
        if cell.finding.code in _NOT_IN_THE_TREE
    ]
    wanted = {search_key(name) for _row, _field, typed in odd for name in names.in_full(typed)}
    if not wanted:
        return []
    visible = Agency.objects.visible_to(reader).filter(search_name__in=wanted).order_by("pk")
    bodies = {
        names.key(name): (name, province, parent)
        for name, province, parent in visible.values_list("name", "province", "parent__name")
    }
    return [
        (row, CellFinding(field, rules.body_is_known_elsewhere(*bodies[names.key(typed)])))
        for row, field, typed in odd
        if names.key(typed) in bodies
    ]


def _of_people(
    items: Sequence[DossierItem], own: Collection[int], reader: User | None
) -> list[tuple[int, CellFinding]]:
    """Hold numbers, names, birthdays against the people of the own bodies, or the reader's."""
    people_known = Subscriber.objects.filter(kind=SubscriberKind.PERSON)
    if reader is None:
        people_known = people_known.filter(agency__in=own)
    else:
        people_known = people_known.visible_to(reader)
    keys = [search_key(item.answers.get("full_name", "")) for item in items]
    by_name: dict[tuple[str, date | None], set[str]] = {}
    namesakes = people_known.filter(search_name__in=set(keys) - {""}).order_by()
    for key, birth_on, number in namesakes.values_list("search_name", "birth_on", "identity_hash"):
        by_name.setdefault((key, birth_on), set()).add(number or "")
    hashes = {item.identity_hash for item in items} - {""}
    same = people_known.filter(identity_hash__in=hashes).order_by()
    by_number = dict(same.values_list("identity_hash", "name"))
    found = []
    for item, key in zip(items, keys, strict=True):
        name = item.answers.get("full_name", "")
        birth_on = identifiers.parse_day(item.answers.get("birth_on", ""))
        known = by_name.get((key, birth_on), set()) if birth_on else set()
        if not item.identity_hash:
            continue
        looks = (
            rules.number_is_of_this_person(known, item.identity_hash, name),
            rules.name_is_of_this_number(by_number.get(item.identity_hash, ""), name),
        )
        found += [(item.position, CellFinding("identity_number", look)) for look in looks if look]
    return found


def _of_old_serials(
    items: Sequence[DossierItem], own: Collection[int], reader: User | None, *, is_person: bool
) -> list[tuple[int, CellFinding]]:
    """Hold the old certificates' numbers against those of the own bodies, or of the reader's."""
    serials = {item.position: serial_of(item.answers, _OLD_SERIAL) for item in items}
    wanted = set(serials.values()) - {""}
    if not wanted:
        return []
    known = Certificate.objects.all()
    known = known.filter(agency__in=own) if reader is None else known.visible_to(reader)
    holders = dict(known.filter(serial__in=wanted).order_by().values_list("serial", "common_name"))
    found = []
    for item in items:
        serial = serials[item.position]
        if not serial:
            continue
        finding = rules.old_serial_is_known(serial in holders)
        if finding is None and is_person:
            finding = rules.old_serial_is_this_persons(
                holders[serial], item.answers.get("full_name", "")
            )
        if finding:
            found.append((item.position, CellFinding(_OLD_SERIAL, finding)))
    return found
