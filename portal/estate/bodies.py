"""Lists of bodies: what a row would register or change, and who signs there; with other lists they
come first, so that people find their bodies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from portal.agencies.facts import AgencyFacts, NameForms, SignerFacts
from portal.agencies.models import Agency, AgencyVersion, SigningForm
from portal.agencies.rules import facts_violations, names_violations, signer_violations
from portal.agencies.services import bodies as agencies
from portal.agencies.services.signers import add_signer
from portal.core.rules import Refused, Violation
from portal.core.text.names import in_proper_letters
from portal.core.text.names import key as name_key
from portal.core.text.vietnamese import nfc, search_key
from portal.estate.contents import day_of
from portal.estate.models import Verdict

if TYPE_CHECKING:
    from portal.estate.verdicts import Judge, Judgement

# What a list of bodies may say of one, as the columns of AgencyFacts call it.
PLAIN = (
    "short_name", "place", "address", "tax_code", "budget_code", "email", "email_domain", "phone",
    "head_title", "signs_for",
)  # fmt: skip
_FORMS = {
    "signer": SigningForm.HEAD,
    "deputies": SigningForm.DEPUTY,
    "by_order": SigningForm.BY_ORDER,
    "by_authority": SigningForm.BY_AUTHORITY,
}
_NAMED = (SigningForm.BY_ORDER, SigningForm.BY_AUTHORITY)  # they name what is signed
_FORM = re.compile(r"\b0?([1-9])\b")  # "Mẫu 01, 05"
_NO_SEAL = ("khong", "0", "chua")
_PLACES = ("xã", "phường", "tỉnh", "thành phố", "đặc khu")


def name_and_code(said: Mapping[str, str]) -> tuple[str, str]:
    """Return what a row of a list of bodies calls the body."""
    name = said.get("body") or said.get("name", "")
    return nfc(name), said.get("body_code", "").strip().upper()


@dataclass(slots=True)
class BodyRow:
    """A row of a list of bodies, read: what it would make of the body."""

    facts: AgencyFacts
    other_spelling: str = ""
    signers: list[SignerFacts] = field(default_factory=list)  # whom the register has not yet
    version: AgencyVersion | None = None  # as it stands


def judge_body(judge: Judge, one: Judgement, said: Mapping[str, str]) -> None:
    """Judge a row of a list of bodies: found by code, else by the name it has today."""
    name, code = name_and_code(said)
    if not name:
        one.refuse("body", "no_name_of_body")
        return
    first = judge.bodies_told.setdefault(name_key(name), one.row.pk)
    if first != one.row.pk:
        one.refuse("body", "body_twice", name)
        return
    known, why = judge.bodies.find(name, code)
    if why in ("predecessor", "several", "divided"):
        one.refuse("body", "body_ended", name)
        return
    one.agency = known if not why else None
    version = judge.bodies.versions.get(one.agency.pk) if one.agency else None
    parent = _parent(judge, one, nfc(said.get("parent", "")))
    one.body = BodyRow(
        _facts(judge, said, version, parent),
        other_spelling=nfc(said.get("other_name", "")),
        version=version,
    )
    one.body.signers = _signers(judge, one, said)
    for name_of, violation in _violations(one.body):
        if not (one.waits_for and violation.code == "unit_without_superior"):
            one.refuse(name_of, "body_violation", violation.sentence)
    if one.verdict == Verdict.REFUSED:
        return
    if version is None:
        one.verdict = Verdict.NEW
        return
    one.changes = one.body.facts.differences(version.facts())
    if one.body.other_spelling and version.names_checked_at is None:
        one.changes.append("names")
    if one.body.signers:
        one.changes.append("signer")
    if one.changes:
        labels = {field.name: str(field.verbose_name) for field in AgencyVersion._meta.fields}
        labels |= {"names": "hai cách viết tên", "signer": "người ký"}
        words = (labels.get(change, change) for change in one.changes)
        one.note("body", "body_changes", ", ".join(words))
    one.verdict = Verdict.CHANGED if one.changes else Verdict.SAME


def _parent(judge: Judge, one: Judgement, told: str) -> Agency | None:
    """Return the body above; one that is in the list itself is waited for."""
    if not told:
        return None
    parent, why = judge.bodies.find(told, "")
    if not why:
        return parent
    if name_key(told) in judge.coming:
        one.waits_for.append(told)
    else:
        one.refuse("parent", "unknown_parent", told)
    return None


def _signers(judge: Judge, one: Judgement, said: Mapping[str, str]) -> list[SignerFacts]:
    """Return who signs besides those on record: "Họ tên (chức vụ); …" in a column for each form.

    The head's title is the body's; a deputy's, where it is not written, is that with "Phó".
    """
    assert one.body is not None
    head = one.body.facts.head_title
    papers = tuple(f"0{number}" for number in _FORM.findall(said.get("signing_papers", "")))
    until = day_of(said.get("signing_until", ""))
    found = []
    for column, form in _FORMS.items():
        for told in filter(None, map(str.strip, nfc(said.get(column, "")).split(";"))):
            name, _bracket, title = told.partition("(")
            usual = {SigningForm.HEAD: head, SigningForm.DEPUTY: f"Phó {head}" if head else ""}
            found.append(
                SignerFacts(
                    name=name.strip(),
                    form=form,
                    title=title.strip(" )") or usual.get(form, ""),
                    document=nfc(said.get("signing_document", "")) if form != "head" else "",
                    papers=papers if form in _NAMED else (),
                    valid_until=until if form == SigningForm.BY_AUTHORITY else None,
                    valid_from=judge.today,
                )
            )
    return [facts for facts in found if not judge.bodies.signs(one.agency, facts)]


def _violations(body: BodyRow) -> list[tuple[str, Violation]]:
    found = [("body", one) for one in facts_violations(body.facts)]
    for at, facts in enumerate(body.signers):
        found += [("signer", one) for one in signer_violations(facts, body.signers[:at])]
    if body.other_spelling:
        found += [("other_name", one) for one in names_violations(body.facts.name, _forms(body))]
    return found


def _facts(
    judge: Judge, said: Mapping[str, str], version: AgencyVersion | None, parent: Agency | None
) -> AgencyFacts:
    """Return the body as the row would have it: what it does not say stays, or is proposed."""
    name, code = name_and_code(said)
    told: dict[str, object] = {one: nfc(said[one]) for one in PLAIN if said.get(one)}
    if "email_domain" in told:
        told["email_domain"] = str(told["email_domain"]).removeprefix("@").lower()
    if code:
        told["agency_code"] = code
    if parent is not None:
        told["parent"] = parent
    if seal := search_key(said.get("seal", "")):
        told["has_seal"] = not seal.startswith(_NO_SEAL)
    if version is not None:
        return replace(version.facts(), **told)  # type: ignore[arg-type]  # columns by name
    office = judge.delivery.office
    proper = in_proper_letters(name) if name.isupper() else name
    proposed = {"short_name": _initials(proper), "place": _place(proper) or office.province}
    return AgencyFacts(
        name=proper,
        province=office.province,
        office=office,
        **(proposed | told),  # type: ignore[arg-type]
    )


def _initials(name: str) -> str:
    """UBND of "Ủy ban nhân dân xã Tân Uyên": the kind of body, not where it is."""
    words = []
    for word in name.split():
        if word.lower() in _PLACES:
            break
        words.append(word[0].upper())
    return "".join(one for one in words if one.isalpha())[:30]


def _place(name: str) -> str:
    """Return the place a name ends with, "" for none."""
    lower = name.lower()
    found = max((lower.rfind(f" {one} "), len(one)) for one in _PLACES)
    return name[found[0] + found[1] + 2 :][:60] if found[0] >= 0 else ""


def _forms(body: BodyRow) -> NameForms:
    """The two spellings: the one in capitals is for seals and certificates."""
    spelled = [body.facts.name, body.other_spelling]
    capitals = next((one for one in spelled if one.isupper()), body.facts.name.upper())
    plain = next((one for one in spelled if not one.isupper()), in_proper_letters(capitals))
    return replace(NameForms.proposed(capitals), name=plain)


def carry_bodies(
    judge: Judge, judged: Sequence[Judgement], made: Counter[str], *, now: datetime
) -> None:
    """Register and change bodies, each by the services of bodies, on the delivery's word."""
    today = timezone.localdate(now)
    basis = {"delivery": str(judge.delivery.uuid)}
    for one in judged:
        body = one.body
        if body is None or one.waits_for or one.verdict not in (Verdict.NEW, Verdict.CHANGED):
            continue
        try:
            with transaction.atomic():
                if body.version is None:
                    one.agency = agencies.register_agency(
                        body.facts, valid_from=today, actor=None, now=now, basis=basis
                    )
                    one.row.made_agency = one.agency
                    made["bodies"] += 1
                elif body.facts.differences(body.version.facts()):
                    assert one.agency is not None
                    begins = max(today, body.version.valid_from + timedelta(days=1))
                    agencies.change_version(
                        one.agency, body.facts, valid_from=begins, actor=None, now=now, basis=basis
                    )
                    one.row.was = {"body": body.version.pk}
                    made["changed_bodies"] += 1
                _settle(one, body, basis, now=now)
        except Refused as refused:
            one.refuse("body", "body_violation", refused.violations[0].sentence)


def _settle(one: Judgement, body: BodyRow, basis: Mapping[str, str], *, now: datetime) -> None:
    """Keep both spellings and who signs, where they are not known yet."""
    assert one.agency is not None
    version = one.agency.versions.order_by("-valid_from")[:1].get()
    if body.other_spelling and version.names_checked_at is None:
        agencies.settle_names(version, _forms(body), actor=None, now=now, basis=basis)
    for facts in body.signers:
        add_signer(one.agency, facts, actor=None, now=now)
