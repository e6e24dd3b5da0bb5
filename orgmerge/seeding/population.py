"""A population as it was before communes were merged: bodies, people, certificates, devices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from random import Random

from devices.models import CustodyMove, Device
from orgmerge.seeding.bodies import Builder, Commune
from orgmerge.seeding.context import Factory, Writer
from orgmerge.seeding.holders import settle_people
from orgmerge.seeding.signing import CertificateMaker
from portal.accounts.models import User
from portal.agencies.models import Affiliation, Agency, AgencyVersion, Subscriber
from portal.ca.models import Certificate, KeyPair
from requests_app.models import Dossier, DossierItem

# Each table after those its rows point at.
_ORDER = (
    Agency,
    AgencyVersion,
    User,
    Subscriber,
    Affiliation,
    KeyPair,
    Certificate,
    Device,
    CustodyMove,
    Dossier,
    DossierItem,
)


def populate(
    communes: Iterable[Commune],
    *,
    bodies_of: Callable[[str], Sequence[str]],
    people: int,
    seed: int,
    day: date,
    maker: CertificateMaker,
) -> dict[str, int]:
    """Fill the register with the bodies of ``communes`` and ``people`` persons in each; return how
    many rows of each table were made.

    Ages are as of ``day``. The same seed and communes make the same population in an empty
    register, but for what the maker makes. It is a fixture: no audit entries, no deadlines, no
    notices; nobody can sign with the keys.
    """
    before = {model: model._default_manager.count() for model in _ORDER}
    writer = Writer(_ORDER)
    random = Random(seed)  # noqa: S311 (made up, no secret)
    factory = Factory(writer, maker, random, day)
    named = ((commune, bodies_of(commune.name)) for commune in communes)
    for places in Builder(factory).found(named):
        for number, place in enumerate(places):
            if place.agency.has_seal:
                settle_people(factory, place, places[number - 1], people=people)
    writer.write()
    return {
        model.__name__: model._default_manager.count() - count for model, count in before.items()
    }
