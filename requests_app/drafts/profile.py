"""What the portal knows of the sender: what its cells offer, how a new row begins."""

from __future__ import annotations

from datetime import date
from itertools import islice

from portal.core.text.identifiers import ISSUE_PLACES
from portal.core.text.provinces import PROVINCES
from portal.core.text.vietnamese import sort_key
from requests_app import kinds
from requests_app.kinds.people import LEVELS
from requests_app.kinds.trees import own_tree
from requests_app.models import Dossier

_BODIES, _PROVINCES, _ISSUE_PLACES = "co-don-vi", "co-tinh", "co-noi-cap"
_MOST_OFFERED = 300
_LIST_OF = {
    **dict.fromkeys((*LEVELS, *(f"new_{level}" for level in LEVELS)), _BODIES),
    **dict.fromkeys(("owner", "new_name"), _BODIES),
    **dict.fromkeys(("province", "new_province"), _PROVINCES),
    "issue_place": _ISSUE_PLACES,
}


def list_of(field: str) -> str:
    """Return the id of the list a cell of ``field`` offers, "" where it offers none."""
    return _LIST_OF.get(field, "")


def choices_for(dossier: Dossier, *, today: date) -> dict[str, list[tuple[str, str]]]:
    """Return the lists the cells of a draft offer, by id: (value, what it is called) each.

    Other values can be typed; the checks judge them. Bodies are those of the sender's own tree,
    itself and those above it first, in capitals as certificates name them.
    """
    kind = kinds.get(dossier.kind)
    wanted = {list_of(one.name) for one in (*kind.fields, *kind.contact_fields)}
    found: dict[str, list[tuple[str, str]]] = {}
    if _BODIES in wanted:
        tree = own_tree(dossier.agency, today=today)
        first = [one.capitals for one in tree.superiors(tree.sender)]
        rest = sorted((one.capitals for one in tree.bodies.values()), key=sort_key)
        names = islice(dict.fromkeys([*first, *rest]), _MOST_OFFERED)
        found[_BODIES] = [(name, "") for name in names]
    if _PROVINCES in wanted:
        found[_PROVINCES] = [(name, "") for name in sorted(PROVINCES, key=sort_key)]
    if _ISSUE_PLACES in wanted:
        found[_ISSUE_PLACES] = [
            (place, name if name != place else "") for place, name in ISSUE_PLACES.items()
        ]
    return found


def new_row(dossier: Dossier, *, today: date) -> dict[str, str]:
    """Return how a new row of a draft begins: the defaults, and what the sender's profile says.

    Forms that issue begin with the sender's levels, province and address; the first row of Mẫu 02
    is about the sender itself.
    """
    kind = kinds.get(dossier.kind)
    row = kind.blank_row()
    if not kind.issues_anew:
        return row
    version = dossier.agency_version
    tree = own_tree(dossier.agency, today=today)
    names = [one.capitals for one in reversed(tree.superiors(tree.sender))]
    known = dict(zip(LEVELS, names, strict=False)) | {
        "owner": version.in_capitals,
        "province": version.province,
        "address": version.address,
    }
    if kind.about == "organisation" and dossier.row_count:
        del known["address"]
    elif kind.about == "organisation":
        known |= {
            "name": version.in_capitals,
            "tax_code": version.tax_code,
            "budget_code": version.budget_code,
            "email": version.email,
        }
    fields = {one.name for one in kind.fields}
    return row | {name: value for name, value in known.items() if name in fields and value}
