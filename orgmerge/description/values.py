"""What is told about a reorganisation and about a body after it, before it is a row."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from orgmerge.models import MergerBody
from portal.agencies.facts import AgencyFacts
from portal.agencies.models import Agency, BodyColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class MergerFacts:
    """The decision itself: what it is called, its days, and whom to ask (275/BCY mục 4)."""

    title: str
    kind: str
    decision: str
    decided_on: date
    effective_on: date
    contact_name: str = ""
    contact_position: str = ""
    contact_phone: str = ""
    contact_email: str = ""
    note: str = ""

    def columns(self) -> dict[str, Any]:
        """Return column → value."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyFacts:
    """A body as it is from the effective day on.

    ``agency`` is the registered body that lives on in it. The superior is a registered body
    (``facts.parent``) or one of the same decision (``parent_body``).
    """

    facts: AgencyFacts
    agency: Agency | None = None
    parent_body: MergerBody | None = None
    sealed_how: str = ""

    def columns(self) -> dict[str, Any]:
        """Return column → value of a MergerBody."""
        names = [column.name for column in BodyColumns._meta.fields]
        shared = {name: getattr(self.facts, name) for name in names}
        return shared | {
            "agency": self.agency,
            "parent": None if self.parent_body else self.facts.parent,
            "parent_body": self.parent_body,
            "sealed_how": self.sealed_how,
        }
