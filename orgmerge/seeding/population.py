"""A population as it was before communes were merged: bodies, people, certificates, devices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from random import Random

from devices.models import CustodyMove, Device
from orgmerge.seeding.bodies import Builder, Commune
from orgmerge.seeding.certificates import (
    LOTS,
    LOTS_OF_BODIES,
    LOTS_OF_SYSTEMS,
    SECOND,
    Lot,
    certify,
    draw,
)
from orgmerge.seeding.context import Factory, SeededPlace, Writer
from orgmerge.seeding.signing import CertificateMaker
from portal.accounts.models import User
from portal.agencies.models import Affiliation, Agency, AgencyVersion, Subscriber, SubscriberKind
from portal.ca.models import Certificate, KeyPair
from portal.core.database.fields import keyed_hash
from portal.core.text.vietnamese import person_sort_key, search_key, sort_key
from requests_app import kinds
from requests_app.models import Dossier, DossierItem
from requests_app.models.querysets import is_at_ca
from requests_app.workflow import Route, State, queue_of

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


_FAMILY = ("Lò", "Vàng", "Giàng", "Tẩn", "Hoàng", "Lường", "Quàng", "Nguyễn", "Đặng", "Bùi", "Phạm",
           "Trần", "Lê", "Võ", "Huỳnh", "Phan", "Dương", "Lý", "Sùng", "Đinh")  # fmt: skip
_MIDDLE = ("Văn", "Thị", "Minh", "Xuân", "Thu", "Ngọc", "Quốc", "Hồng", "Đức", "Thanh", "Hữu")
_GIVEN = ("An", "Bình", "Chung", "Đạt", "Hà", "Khánh", "Lan", "Long", "Nam", "Phúc", "Quỳnh",
          "Sơn", "Thủy", "Tuấn", "Yến", "Ân", "Ánh", "Em", "Hương", "Trí")  # fmt: skip
_POSITIONS = ("Văn thư", "Kế toán", "Chuyên viên", "Phó Chủ tịch", "Chủ tịch", "Giáo viên")
_SINCE = date(2021, 7, 1)
_ONE_SYSTEM_IN = 4  # bodies
_TAILS = 100_000  # identity numbers from 900000 on were given to nobody


def settle_people(
    factory: Factory, place: SeededPlace, neighbour: SeededPlace, *, people: int
) -> None:
    """Give ``place`` its own certificate, perhaps a system's, and ``people`` persons."""
    _hold(
        factory,
        place,
        factory.writer.add(
            Subscriber(
                uuid=factory.uuid(),
                kind=SubscriberKind.ORGANISATION,
                name=place.agency.name,
                search_name=place.agency.search_name,
                sort_name=place.agency.sort_name,
                agency=place.agency,
                organisation=place.agency,
            )
        ),
        draw(LOTS_OF_BODIES, random=factory.random),
    )
    if factory.random.randrange(_ONE_SYSTEM_IN) == 0:
        name = f"Phần mềm một cửa {factory.number()}"
        _hold(
            factory,
            place,
            factory.writer.add(
                Subscriber(
                    uuid=factory.uuid(),
                    kind=SubscriberKind.SYSTEM,
                    name=name,
                    search_name=search_key(name),
                    sort_name=sort_key(name),
                    agency=place.agency,
                    domain_name=f"motcua{factory.number()}.{place.mailbox.rpartition('@')[2]}",
                )
            ),
            draw(LOTS_OF_SYSTEMS, random=factory.random),
        )
    for _number in range(people):
        lot = draw(LOTS, random=factory.random)
        parts = (factory.random.choice(words) for words in (_FAMILY, _MIDDLE, _GIVEN))
        label = " ".join(parts)
        number, count = factory.random.randrange(2), factory.person()
        year = count // _TAILS % 8
        # Born after 2000, which none of the demo's people is.
        identity = f"{int(place.province_code):03d}{2 + number}{year:02d}{900_000 + count % _TAILS}"
        person = factory.writer.add(
            Subscriber(
                uuid=factory.uuid(),
                kind=SubscriberKind.PERSON,
                name=label,
                search_name=search_key(label),
                sort_name=person_sort_key(label),
                identity_number=identity,
                identity_hash=keyed_hash(identity),
                birth_on=date(2000 + year, 1 + count % 12, 1 + count % 28),
                agency=place.agency,
            )
        )
        email = _employ(factory, place, person)
        if lot.works_elsewhere and neighbour is not place:
            _employ(factory, neighbour, person)
            _hold(factory, neighbour, person, SECOND)
        _hold(factory, place, person, lot, email=email)
    factory.writer.write_if_many()


def _hold(
    factory: Factory, place: SeededPlace, holder: Subscriber, lot: Lot, *, email: str = ""
) -> None:
    if not lot.has_certificate:
        return
    email = email or f"{place.mailbox.replace('@', f'{factory.number()}@', 1)}"
    made = certify(factory, place, holder, lot, email)
    if lot.has_second:
        certify(factory, place, holder, SECOND, email)
    if lot.is_pending:
        open_dossier(factory, place, made)


def _employ(factory: Factory, place: SeededPlace, person: Subscriber) -> str:
    """Let ``person`` work at ``place``; return the mailbox they have there."""
    email = place.mailbox.replace("@", f"{factory.number()}@", 1)
    factory.writer.add(
        Affiliation(
            subscriber=person,
            agency=place.agency,
            position=factory.random.choice(_POSITIONS),
            email=email,
            phone=f"09{factory.number() % 10**8:08d}",
            valid_from=_SINCE,
        )
    )
    return email


_FORMS = ("mau_04_renew_change", "mau_05_revoke")
_STATES = (State.DRAFT, State.AWAITING_SIGNATURE, State.SUBMITTED, State.FORWARDED)
_SENT = frozenset({State.SUBMITTED, State.FORWARDED})


def open_dossier(factory: Factory, place: SeededPlace, certificate: Certificate) -> None:
    """Let a dossier of ``place`` speak of ``certificate``, somewhere on its way."""
    kind = kinds.get(factory.random.choice(_FORMS))
    state = factory.random.choice(_STATES)
    number, at = factory.number(), factory.ends(-10)
    is_sent = state in _SENT
    queue = queue_of(state, Route.VIA_OFFICE)
    dossier = factory.writer.add(
        Dossier(
            uuid=factory.uuid(),
            kind=kind.code,
            kind_version=kind.version,
            agency=place.agency,
            agency_version=place.version,
            office=place.agency.office,
            route=Route.VIA_OFFICE,
            addressee=factory.ca,
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
    factory.writer.add(
        DossierItem(
            uuid=factory.uuid(),
            dossier=dossier,
            position=1,
            title=certificate.common_name,
            search_title=certificate.search_name,
            storage=certificate.key.storage,
            subscriber=certificate.subscriber,
            certificate=certificate,
            request_key=factory.uuid().hex,
        )
    )
