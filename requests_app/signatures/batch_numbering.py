"""Number and date of many letters, entered in one table: each saved as it would be alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.core.roles import Capability
from requests_app.drafts.services import save_letter
from requests_app.errors import NotEditable, StaleVersion
from requests_app.models import Dossier
from requests_app.models.querysets import DossierQuerySet
from requests_app.workflow import EDITABLE

MOST = 50  # letters of one table


@dataclass(frozen=True, slots=True)
class Numbered:
    """One letter as the table was sent: at the version that was seen."""

    uuid: UUID
    version: int
    letter_number: str
    letter_date: date | None


def to_number(user: User) -> DossierQuerySet:
    """Return the drafts of the clerk's body that have no number yet, the oldest first."""
    if not user.can(Capability.NUMBER_LETTERS):
        return Dossier.objects.none()
    drafts = Dossier.objects.workable_by(user).filter(state__in=EDITABLE, letter_number="")
    return drafts.select_related("agency", "addressee", "signer").order_by("created_at", "pk")


def number_all(
    rows: Sequence[Numbered], *, actor: User, now: datetime
) -> tuple[int, dict[UUID, str]]:
    """Save number and date of each letter; return how many, and by letter why one was not saved.

    What else its first section and its note say stays as it is. What is not the actor's is left
    out.
    """
    found = {one.uuid: one for one in to_number(actor).filter(uuid__in=[row.uuid for row in rows])}
    saved, problems = 0, {}
    for row in rows:
        dossier = found.get(row.uuid)
        if dossier is None:
            continue
        try:
            save_letter(
                dossier,
                letter_number=row.letter_number,
                letter_date=row.letter_date,
                contact=dossier.contact,
                note=dossier.note,
                signer=dossier.signer,
                actor=actor,
                now=now,
                version=row.version,
            )
        except (StaleVersion, NotEditable):
            problems[row.uuid] = _("Hồ sơ đã thay đổi; xem lại rồi ghi số.")
        else:
            saved += 1
    return saved, problems
