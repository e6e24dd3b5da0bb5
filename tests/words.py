"""The words things are found by, in tests: written for rows put in as rows, compared with them."""

from __future__ import annotations

from portal.agencies.models import AgencyWord, SubscriberWord
from portal.search.finders import finders
from requests_app.models import ItemWord

_OF = {AgencyWord: "body_id", SubscriberWord: "subscriber_id", ItemWord: "item_id"}


def fill() -> None:
    """Write the words of everything that stands, as the command does."""
    for finder in finders():
        if finder.fill is not None:
            finder.fill()


def standing(*tables: str) -> set[tuple[object, ...]]:
    """Return all that things are found by now, in these tables or in all."""
    return {
        (model.__name__, *row)
        for model, of in _OF.items()
        if not tables or model.__name__ in tables
        for row in model._default_manager.values_list(of, "text", "agency_id", "office_id")
    }
