"""What every act of a review shares: the entry in the audit list."""

from __future__ import annotations

from orgmerge.models import ReviewReply, ReviewRound
from portal.audit import services as audit


def review_act(action: str, held: ReviewRound, **data: object) -> audit.Act:
    """Return the audit act about a round; its reorganisation comes with its office."""
    return _act(action, held, held.merger.office.uuid, {"round": held.number, **data})


def reply_act(action: str, reply: ReviewReply, **data: object) -> audit.Act:
    """Return the audit act about one body's list."""
    return _act(
        action, reply.round, reply.agency.uuid, {"agency": reply.agency.name, **data}, about=reply
    )


def _act(
    action: str,
    held: ReviewRound,
    agency_uuid: object,
    data: dict[str, object],
    *,
    about: ReviewReply | None = None,
) -> audit.Act:
    return audit.Act(
        action=action,
        target_type="review",
        target_uuid=(about or held).uuid,
        agency_uuid=agency_uuid,  # type: ignore[arg-type]
        office_uuid=held.merger.office.uuid,
        data={"decision": held.merger.decision, **data},
    )
