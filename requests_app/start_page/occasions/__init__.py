"""What brings a clerk to the start page: of whom it speaks, what happened, which form follows.

Plain data: the page asks the questions, ``requests_app.start_page.views.questions`` finds what a
way is about, ``requests_app.drafts.prefilled`` opens the draft.
"""

from __future__ import annotations

from collections.abc import Mapping

from requests_app.start_page.occasions import subscribers
from requests_app.start_page.occasions.base import About, Occasion, Pick, Way

__all__ = ["OCCASIONS", "About", "Occasion", "Pick", "Way", "find_occasion"]

OCCASIONS: Mapping[About, tuple[Occasion, ...]] = {
    About.PERSON: subscribers.OF_PERSONS,
    About.ORGANISATION: subscribers.OF_BODIES,
    About.SYSTEM: subscribers.OF_SYSTEMS,
    About.DEVICE: subscribers.OF_DEVICES,
}


def find_occasion(about: str, code: str) -> Occasion | None:
    """Return what happened by its code; None when the questions have no such answer."""
    if about not in About.values:
        return None
    return next((one for one in OCCASIONS[About(about)] if one.code == code), None)
