"""Made-up dossiers under way about certificates of a made-up population."""

from __future__ import annotations

from orgmerge.seeding.places import Mint, Place
from portal.ca.models import Certificate
from requests_app import kinds
from requests_app.models import Dossier, DossierItem
from requests_app.querysets import is_at_ca
from requests_app.workflow import Route, State, queue_of

_FORMS = ("mau_04_renew_change", "mau_05_revoke")
_STATES = (State.DRAFT, State.AWAITING_SIGNATURE, State.SUBMITTED, State.FORWARDED)
_SENT = frozenset({State.SUBMITTED, State.FORWARDED})


def open_dossier(mint: Mint, place: Place, certificate: Certificate) -> None:
    """Let a dossier of ``place`` speak of ``certificate``, somewhere on its way."""
    kind = kinds.get(mint.random.choice(_FORMS))
    state = mint.random.choice(_STATES)
    number, at = mint.number(), mint.ends(-10)
    is_sent = state in _SENT
    queue = queue_of(state, Route.VIA_OFFICE)
    dossier = mint.writer.add(
        Dossier(
            uuid=mint.uuid(),
            kind=kind.code,
            kind_version=kind.version,
            agency=place.agency,
            agency_version=place.version,
            office=place.agency.office,
            route=Route.VIA_OFFICE,
            addressee=mint.ca,
            state=state,
            queue=queue,
            waiting_since=at.date() if queue else None,
            is_at_ca=is_at_ca(state, Route.VIA_OFFICE),
            row_count=1,
            letter_number=f"{number}/CV" if is_sent else "",
            letter_date=at.date() if is_sent else None,
            created_by=place.clerk,
            created_at=at,
            updated_at=at,
            sent_at=at if is_sent else None,
            received_on=at.date() if is_sent else None,
        )
    )
    mint.writer.add(
        DossierItem(
            uuid=mint.uuid(),
            dossier=dossier,
            position=1,
            title=certificate.common_name,
            search_title=certificate.search_name,
            storage=certificate.key.storage,
            subscriber=certificate.subscriber,
            certificate=certificate,
            request_key=mint.uuid().hex,
        )
    )
