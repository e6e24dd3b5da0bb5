"""What the names of bodies a row writes become in a certificate: X.520 has room for 64 letters.

The form prints the whole name. A body's short form is the one chosen for it in the register; where
nobody chose, the one its clerk chose for this letter or an earlier one, else the portal's proposal.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from portal.core.database.fields import keyed_hash
from portal.core.text.names import CERTIFICATE_NAME_LENGTH, in_short
from requests_app.kinds.base import Answers
from requests_app.kinds.people import LEVELS
from requests_app.kinds.trees import OwnTree, own_tree
from requests_app.models import Dossier, QuestionAnswer

NEW_LEVELS = tuple(f"new_{level}" for level in LEVELS)
FIELDS = (*LEVELS, *NEW_LEVELS, "name", "owner", "new_name")  # of any form
NAME_OVER_64 = "name_over_64"


def question_key(code: str, field: str, value: str) -> str:
    """Return what an answer is kept by: the same words in the same cell, asked for one reason."""
    return keyed_hash(f"question:{code}:{field}:{value}")


def chosen_forms(dossier: Dossier, keys: Collection[str] = ()) -> dict[str, QuestionAnswer]:
    """Return question → the short form last chosen for it in any letter of the sender."""
    found = QuestionAnswer.objects.filter(
        code=NAME_OVER_64, dossier__agency=dossier.agency_id
    ).select_related("said_by")
    if keys:
        found = found.filter(question__in=keys)
    return {one.question: one for one in found.order_by("said_at", "pk")}


@dataclass(frozen=True, slots=True)
class CertificateNames:
    """Names in certificates, for the rows of one dossier."""

    tree: OwnTree
    chosen: Mapping[str, str]  # question → short form

    def of(self, typed: str, field: str = "") -> str:
        """Return what a certificate says for the name ``typed`` in ``field``: 64 letters at most.

        A registered body is called as registered, in the letters it was typed in where these are
        one of its own two ways.
        """
        body = self.tree.named(typed)
        is_own = body is None or typed in (body.name, body.capitals)
        if body is not None and body.short:
            return body.short
        whole = typed if is_own or body is None else body.capitals
        if len(whole) <= CERTIFICATE_NAME_LENGTH:
            return whole
        said = self.chosen.get(question_key(NAME_OVER_64, field, typed), "")
        return said or in_short(whole, CERTIFICATE_NAME_LENGTH)

    def answers(self, answers: Answers) -> dict[str, str]:
        """Return a row's answers with the names of bodies and systems as certificates have them."""
        said = {name: self.of(value, name) for name in FIELDS if (value := answers.get(name))}
        return {**answers, **said}


def certificate_names(dossier: Dossier, *, now: datetime) -> CertificateNames:
    """Return how certificates write the names in ``dossier``'s rows, in three queries."""
    chosen = {key: one.answer for key, one in chosen_forms(dossier).items()}
    return CertificateNames(own_tree(dossier.agency, today=timezone.localdate(now)), chosen)
