"""What the audit record says an act was about: a dossier, a covering letter."""

from __future__ import annotations

from collections.abc import Mapping

from portal.audit import services as audit
from requests_app.models import CoveringLetter, Dossier


def dossier_act(
    act: str, dossier: Dossier, *, data: Mapping[str, object] | None = None
) -> audit.Act:
    """Return the audit act about a dossier."""
    return audit.Act(
        action=act,
        target_type="dossier",
        target_uuid=dossier.uuid,
        agency_uuid=dossier.agency.uuid,
        office_uuid=dossier.office.uuid if dossier.office else None,
        data=data or {},
    )


def letter_act(action: str, letter: CoveringLetter, **data: object) -> audit.Act:
    """Return the audit act about a covering letter."""
    return audit.Act(
        action=action,
        target_type="covering_letter",
        target_uuid=letter.uuid,
        agency_uuid=letter.office.uuid,
        office_uuid=letter.office.uuid,
        data={"number": letter.letter_number, **data},
    )
