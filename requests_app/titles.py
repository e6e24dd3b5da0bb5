"""A dossier named in one line, so that it differs from its neighbours: people first, then number
and date, then whose it is."""

from __future__ import annotations

from django.utils.text import Truncator
from django.utils.translation import gettext as _

from requests_app import kinds
from requests_app.models import Dossier

_LONGEST_TITLE = 250


def headline_of(dossier: Dossier) -> str:
    """Return what the dossier is about in human words: "Cấp mới: Lò Văn A và 3 người khác"."""
    return kinds.get(dossier.kind).headline_of(dossier.row_count, dossier.first_title)


def letter_words(dossier: Dossier) -> str:
    """Return the letter's number and day: "số 12/CV ngày 03/06/2026"; "" without a number."""
    if not dossier.letter_number:
        return ""
    words = _("số %(number)s") % {"number": dossier.letter_number}
    if dossier.letter_date is None:
        return words
    return _("%(number)s ngày %(day)s") % {
        "number": words,
        "day": f"{dossier.letter_date:%d/%m/%Y}",
    }


def title_of(dossier: Dossier) -> str:
    """Return the headline with the letter and whose it is.

    "Cấp mới: Lò Văn A và 3 người khác, số 12/CV ngày 03/06/2026 – UBND xã Tân Uyên".
    """
    named = ", ".join(filter(None, [headline_of(dossier), letter_words(dossier)]))
    return f"{named} – {dossier.agency.name}"


def clipped(title: str) -> str:
    """Cut a title to what deadlines and notices hold: a body's name alone may be as long."""
    return Truncator(title).chars(_LONGEST_TITLE)
