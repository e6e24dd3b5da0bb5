"""What can be done with bodies and subscribers."""

from portal.agencies.facts import AgencyFacts, PersonFacts
from portal.agencies.services.bodies import (
    Share,
    change_version,
    register_agency,
    succeed,
    take_effect,
)
from portal.agencies.services.people import (
    conflicts_of,
    match_or_create_people,
    match_or_create_person,
    may_reveal,
    organisation_subscriber,
    reveal_identity,
)

__all__ = [
    "AgencyFacts",
    "PersonFacts",
    "Share",
    "change_version",
    "conflicts_of",
    "match_or_create_people",
    "match_or_create_person",
    "may_reveal",
    "organisation_subscriber",
    "register_agency",
    "reveal_identity",
    "succeed",
    "take_effect",
]
