"""The table of words: what a thing is found by, and for whom."""

from __future__ import annotations

from django.db import models

from portal.core.database.prefixes import PATTERN

LONGEST = 60


class SearchWord(models.Model):
    """What a thing's name says from one of its words on, folded; a row for each body it is of.

    Who sees all finds by the first letters of ``text`` alone; who sees a body, or those of an
    office, by ``agency`` or ``office`` too, however many others there are.
    Written by the service that writes the thing; who may see it says its own ``visible_to``.
    """

    text = models.CharField(max_length=LONGEST)
    agency = models.ForeignKey(
        "agencies.Agency", models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    office = models.ForeignKey(
        "agencies.Agency",
        models.CASCADE,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )

    class Meta:
        abstract = True
        indexes = [
            models.Index(fields=["text"], opclasses=[PATTERN], name="%(class)s_text"),
            models.Index(
                fields=["agency", "text"], opclasses=["int8_ops", PATTERN], name="%(class)s_agency"
            ),
            models.Index(
                fields=["office", "text"], opclasses=["int8_ops", PATTERN], name="%(class)s_office"
            ),
        ]

    def __str__(self) -> str:
        return self.text
