"""Who signs a body's letter that day, and what is printed above the name (box 7 of NĐ 30/2020)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from portal.accounts.models import User
from portal.agencies.models import Agency, AgencyVersion, SignedPaper, Signer, SigningForm
from portal.core.roles import Capability
from portal.core.rules import Violation
from requests_app.models import Dossier, OwnLetter, SigningMode
from requests_app.rules import signers as rules

_HEADS = frozenset({SigningForm.HEAD, SigningForm.ACTING})


class Block(NamedTuple):
    """What stands over and under the signature."""

    lines: Sequence[str]
    name: str


def signers_of_body(agency_id: int, paper: str, *, on: date) -> list[Signer]:
    """Return who may sign ``paper`` on a day, the head first."""
    found = Signer.objects.filter(agency=agency_id).on(on).order_by("valid_from", "pk")
    able = [one for one in found if one.may_sign(paper)]
    return sorted(able, key=lambda one: one.form not in _HEADS)


def signer_on(agency_id: int, paper: str, *, chosen: Signer | None, on: date) -> Signer | None:
    """Return whom a letter goes to: who was chosen, else the head, else the first who may."""
    if chosen is not None:
        return chosen
    return next(iter(signers_of_body(agency_id, paper, on=on)), None)


def block_of(
    agency: Agency, version: AgencyVersion, signer: Signer | None, *, heads: Capability
) -> Block:
    """Return the block of ``signer``; of a body that records none, its head's, with the name of
    the one account that has the capability ``heads``."""
    if signer is not None:
        return Block(signer.lines(version), signer.name)
    found = User.objects.who_can(heads, agency_id=agency.pk)
    names = list(found.values_list("full_name", flat=True)[:2])
    return Block(signer_lines_of(version), names[0] if len(names) == 1 else "")


def block_on(version: AgencyVersion, *, on: date) -> Block:
    """Return the block of a paper that no account signs here: of who signs for the body that day;
    where none is recorded, its head's, without a name."""
    signer = signer_on(version.agency_id, SignedPaper.OTHER, chosen=None, on=on)
    return (
        Block(signer.lines(version), signer.name) if signer else Block(signer_lines_of(version), "")
    )


def signer_lines_of(version: AgencyVersion) -> list[str]:
    """Return in whose name and in what office the head of a body signs."""
    return [line for line in (version.signs_for, version.head_title) if line]


def choices_of(signers: Sequence[Signer]) -> list[tuple[str, str]]:
    """Return signers to choose from; the first is taken where nobody is chosen."""
    return [(str(one.uuid), f"{one.name} – {' '.join(one.title.split())}") for one in signers]


def violations_of_signer(
    agency: Agency, paper: str, *, chosen: Signer | None, drafters: Iterable[User], on: date
) -> list[Violation]:
    """Return what keeps a letter from going to its signer on a day."""
    signer = signer_on(agency.pk, paper, chosen=chosen, on=on)
    if signer is None:
        is_recorded = agency.signers.exists()
        return [one for one in [rules.somebody_may_sign(not is_recorded)] if one]
    drafted = {user.person_id for user in drafters}
    found = [
        rules.authority_is_in_force(
            signer.holds_on(on) and signer.may_sign(paper), signer.name, on
        ),
        rules.signer_did_not_draft(
            signer.person_id is not None and signer.person_id in drafted, signer.name
        ),
    ]
    return [one for one in found if one]


def may_sign(letter: Dossier | OwnLetter, user: User) -> bool:
    """Say whether ``user`` is the one to sign: digitally with their own certificate (R40); that a
    paper was signed in ink any account of the leadership confirms."""
    if letter.signer is None or letter.signing_mode != SigningMode.DIGITAL:
        return True
    return letter.signer.person_id is not None and letter.signer.person_id == user.person_id


def violations_of_signing(
    letter: Dossier | OwnLetter, paper: str, *, actor: User | None, on: date
) -> list[Violation]:
    """Return what keeps a letter from being signed: another is to sign, or may no longer."""
    if letter.signer is None:
        return []
    able = letter.signer.holds_on(on) and letter.signer.may_sign(paper)
    found = [
        rules.authority_is_in_force(able, letter.signer.name, on),
        rules.signs_oneself(actor is None or may_sign(letter, actor), letter.signer.name),
    ]
    return [one for one in found if one]


def paper_of(kind_number: str) -> str:
    """Return what authorities call the letter of a form."""
    return SignedPaper(kind_number).value
