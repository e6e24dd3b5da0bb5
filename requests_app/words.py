"""What the rows of dossiers are found by; kept by whoever writes rows or moves dossiers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from django.db import transaction

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
