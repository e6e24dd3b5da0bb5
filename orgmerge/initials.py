"""What a form about a body begins with: a registered body as it stands, or one described."""

from __future__ import annotations

from datetime import date
from typing import Any

from orgmerge.models import MergerBody
from portal.agencies import lookup
from portal.agencies.facts import AgencyFacts
from portal.agencies.models import Agency, AgencyVersion

_NOT_DESCRIBED = frozenset({"parent", "office", "decision"})
_COLUMNS = tuple(name for name in AgencyFacts.__dataclass_fields__ if name not in _NOT_DESCRIBED)


def initial_of_agency(agency: Agency, *, day: date) -> dict[str, Any]:
    """Return how ``agency`` stands on ``day``, nothing changed yet."""
    versions = AgencyVersion.objects.on(day).filter(agency=agency)
    version = versions.select_related("parent").first()
    initial: dict[str, Any] = {"agency": lookup.label(agency)}
    if version is None:
        return initial | {"name": agency.name, "province": agency.province}
    columns = {name: getattr(version, name) for name in _COLUMNS}
    above = lookup.label(version.parent) if version.parent else ""
    return initial | columns | {"parent": above}


def initial_of_body(body: MergerBody) -> dict[str, Any]:
    """Return what is described of ``body``."""
    columns = {name: getattr(body, name) for name in _COLUMNS}
    above = body.parent_body or body.parent
    return columns | {
        "agency": lookup.label(body.agency) if body.agency else "",
        "parent": f"{above.name} ({above.province})" if above else "",
        "sealed_how": body.sealed_how,
    }
