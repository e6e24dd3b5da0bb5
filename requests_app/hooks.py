"""What dossiers do when something below them changes, and what those below ask of them."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import OuterRef, QuerySet, Subquery

from portal.deadlines import services as deadlines
from portal.deadlines.moves import Moved
from requests_app.models import Dossier, DossierItem, Outcome
from requests_app.workflow import AT_THE_AGENCY, ENDED


def follow_calendar(moved: Sequence[Moved]) -> None:
    """A changed calendar moved deadlines: the dossiers' due days, by which lists sort, follow."""
    concerned = Dossier.objects.filter(uuid__in=[one.deadline.target_uuid for one in moved])
    concerned.update(due_on=Subquery(deadlines.next_dues(OuterRef("uuid"))[:1]))


def open_renewals(certificate: OuterRef) -> QuerySet[DossierItem]:
    """Return the rows that renew ``certificate``, were received, and are neither done nor refused.

    One that failed can be carried out again. What is back at its sender is judged anew when it
    comes again (DOMAIN 14.1), so it is not a request that was made in time.
    """
    return DossierItem.objects.filter(
        certificate=certificate, renews=True, outcome__in=[Outcome.NONE, Outcome.FAILED]
    ).exclude(dossier__state__in=AT_THE_AGENCY | ENDED)
