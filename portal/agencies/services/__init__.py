"""What can be done with bodies and subscribers."""

from portal.agencies.facts import AgencyFacts, NewPlace, PersonFacts, SystemFacts
from portal.agencies.services.bodies import (
    Share,
    change_version,
    followed_by,
    hand_on_bodies,
    register_agency,
    succeed,
    take_effect,
)
from portal.agencies.services.people import (
    SubscriberTransfer,
    change_places,
    conflicts_of,
    find_by_number,
    match_or_create_people,
    match_or_create_person,
    match_or_create_systems,
    may_reveal,
    organisation_subscriber,
    reveal_identities,
    reveal_identity,
    transfer_affiliations,
    transfer_subscribers,
)

__all__ = [
    "AgencyFacts",
    "NewPlace",
    "PersonFacts",
    "Share",
    "SubscriberTransfer",
    "SystemFacts",
    "change_places",
    "change_version",
    "conflicts_of",
    "find_by_number",
    "followed_by",
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
    "transfer_affiliations",
    "transfer_subscribers",
]
