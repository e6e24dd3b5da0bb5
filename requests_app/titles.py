"""A dossier named in one line, for deadlines, notices and lists."""

from __future__ import annotations

from django.utils.text import Truncator

from requests_app import kinds
from requests_app.models import Dossier

_LONGEST_TITLE = 250


def headline_of(dossier: Dossier) -> str:
    """Return what the dossier is about in human words: "Cấp chứng thư cho 18 cá nhân"."""
    return kinds.get(dossier.kind).headline_of(dossier.row_count)


def title_of(dossier: Dossier) -> str:
    """Return the headline with whose it is: "Cấp chứng thư cho 18 cá nhân – UBND xã Tân Uyên"."""
    return f"{headline_of(dossier)} – {dossier.agency.name}"


def clipped(title: str) -> str:
    """Cut a title to what deadlines and notices hold: a body's name alone may be as long."""
    return Truncator(title).chars(_LONGEST_TITLE)
