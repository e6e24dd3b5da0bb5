"""What can be done with bodies and subscribers."""

from portal.agencies.facts import AgencyFacts, NewPlace, PersonFacts, SystemFacts
from portal.agencies.services.bodies import (
    Share,
    change_version,
    register_agency,
    succeed,
    take_effect,
)
from portal.agencies.services.going_over import GoingOver, go_over, take_up_work
from portal.agencies.services.offices import followed_by, hand_on_bodies
from portal.agencies.services.people import (
    conflicts_of,
    match_or_create_people,
    match_or_create_person,
    may_reveal,
    organisation_subscriber,
    reveal_identities,
    reveal_identity,
)
from portal.agencies.services.places import change_places
from portal.agencies.services.systems import match_or_create_systems

__all__ = [
    "AgencyFacts",
    "GoingOver",
    "NewPlace",
    "PersonFacts",
    "Share",
    "SystemFacts",
    "change_places",
    "change_version",
    "conflicts_of",
    "followed_by",
    "go_over",
    "hand_on_bodies",
    "match_or_create_people",
    "match_or_create_person",
    "match_or_create_systems",
    "may_reveal",
    "organisation_subscriber",
    "register_agency",
    "reveal_identities",
    "reveal_identity",
    "succeed",
    "take_effect",
    "take_up_work",
]
