"""What the rows of dossiers are found by; kept by whoever writes rows or moves dossiers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from django.db import transaction
from django.db.models import Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

from portal.core.text.vietnamese import nfc
from portal.search import words
from requests_app.models import Dossier, DossierItem, ItemWord
from requests_app.models.querysets import DossierQuerySet

_CHUNK = 5000
_PART_OF_A_NUMBER = re.compile(r"[0-9]+\s*(/.*)?")  # "15", "15/SKHCN-CNS"


def number_in(typed: str) -> str:
    """Return what may begin a letter's number, as it is written, "" if nothing may."""
    text = nfc(typed).removeprefix("số ").removeprefix("Số ")
    return text.replace(" ", "").upper() if _PART_OF_A_NUMBER.fullmatch(text) else ""


def with_text(dossiers: DossierQuerySet, typed: str) -> DossierQuerySet:
    """Return those whose letter's number begins with what is typed, or that have a row about it."""
    if number := number_in(typed):
        return dossiers.filter(letter_number__begins=number)
    rows = ItemWord.objects.all()
    return words.having(dossiers, rows, "item", typed, path="item__dossier")


def rows_found(dossiers: Collection[int], typed: str) -> dict[int, str]:
    """Return of each of these dossiers (by key) the first row found by what is typed, as
    "dòng 2: Lò Văn Tím"; of a letter's number there is none."""
    if not dossiers or not typed or number_in(typed):
        return {}
    rows = DossierItem.objects.filter(dossier__in=dossiers)
    found = words.having(rows, ItemWord.objects.all(), "item", typed).annotate(
        nth=Window(RowNumber(), partition_by="dossier", order_by="position")
    )
    first = found.filter(nth=1).values_list("dossier", "position", "title")
    return {
        dossier: _("dòng %(position)d: %(title)s") % {"position": position, "title": title}
        for dossier, position, title in first
    }


def add_words(items: Iterable[DossierItem], dossier: Dossier) -> None:
    """Let new rows of ``dossier`` be found; in the caller's transaction."""
    words.add(ItemWord, "item", {item.pk: _wanted(item, dossier) for item in items})


def keep_words(items: Iterable[DossierItem], dossier: Dossier) -> None:
    """Let rows of ``dossier`` be found as they are called now; in the caller's transaction."""
    words.keep(ItemWord, "item", {item.pk: _wanted(item, dossier) for item in items})


def move_words(dossiers: Collection[Dossier]) -> None:
    """Let the rows be found by the bodies and offices that ``dossiers`` have now."""
    for one in dossiers:
        theirs = ItemWord.objects.filter(item__dossier=one)
        others = theirs.exclude(agency=one.agency_id, office=one.office_id)
        others.update(agency=one.agency_id, office=one.office_id)


def fill_rows() -> int:
    """Write the words of all rows; return how many rows there are."""
    count, last = 0, 0
    rows = DossierItem.objects.order_by("pk").select_related("dossier").defer("answers")
    while some := list(rows.filter(pk__gt=last)[:_CHUNK]):
        with transaction.atomic():
            words.keep(ItemWord, "item", {item.pk: _wanted(item, item.dossier) for item in some})
        count, last = count + len(some), some[-1].pk
    return count


def _wanted(item: DossierItem, dossier: Dossier) -> set[tuple[str, int, int | None]]:
    return {
        (text, dossier.agency_id, dossier.office_id) for text in words.phrases(item.search_title)
    }
