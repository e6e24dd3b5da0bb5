"""What is told about a body or a person, before it is a row."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import TYPE_CHECKING, Any

from portal.core.text.names import (
    CERTIFICATE_NAME_LENGTH,
    in_capitals,
    in_proper_letters,
    in_short,
)

if TYPE_CHECKING:
    from portal.agencies.models import Agency, Subscriber


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyFacts:
    """What changes with dates about a body: the columns of one AgencyVersion but its days."""

    name: str
    short_name: str
    province: str
    place: str
    parent: Agency | None = None
    office: Agency | None = None
    address: str = ""
    agency_code: str = ""
    tax_code: str = ""
    budget_code: str = ""
    email: str = ""
    email_domain: str = ""
    phone: str = ""
    head_title: str = "CHỦ TỊCH"
    signs_for: str = ""
    has_seal: bool = True
    decision: str = ""

    def columns(self) -> dict[str, Any]:
        """Return column → value."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def differences(self, other: AgencyFacts) -> list[str]:
        """Return the names of what ``other`` says otherwise."""
        mine, theirs = self.columns(), other.columns()
        return [name for name, value in mine.items() if value != theirs[name]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NameForms:
    """How one name is written: on pages, on seals, and ("" as on seals) in certificates."""

    name: str
    capital_name: str
    certificate_name: str = ""

    @classmethod
    def proposed(cls, name: str) -> NameForms:
        """Return what a person is asked to look through."""
        capitals = in_capitals(name)
        short = in_short(capitals, CERTIFICATE_NAME_LENGTH)
        return cls(
            name=in_proper_letters(name),
            capital_name=capitals,
            certificate_name=short if short != capitals else "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerFacts:
    """Who may sign for a body, how, since when, by which document; ``papers`` of TL. and TUQ."""

    name: str
    form: str
    title: str
    valid_from: date
    valid_until: date | None = None
    document: str = ""
    papers: tuple[str, ...] = ()
    person: Subscriber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFacts:
    """A person as an accepted row names them."""

    number: str
    name: str
    birth_on: date | None = None
    unit: str = ""
    position: str = ""
    email: str = ""
    phone: str = ""

    def place(self) -> dict[str, str]:
        """Return the columns of an Affiliation."""
        place = asdict(self)
        return {name: place[name] for name in ("unit", "position", "email", "phone")}


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemFacts:
    """A device, service or software as an accepted row names it; ``host`` is where it is reached,
    or the words that tell it apart."""

    owner: Agency
    name: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlace:
    """What a changed certificate says anew of a subscriber; "" says nothing."""

    subscriber: Subscriber
    leaves: Agency | None = None  # the body it comes from, when that is another
    unit: str = ""  # of a person
    email: str = ""  # of a person
    name: str = ""  # of a system
    host: str = ""  # of a system
