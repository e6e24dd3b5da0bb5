"""Made-up people, bodies and systems that hold certificates."""

from __future__ import annotations

from datetime import date

from orgmerge.seeding.certificates import certify
from orgmerge.seeding.dossiers import open_dossier
from orgmerge.seeding.lots import (
    LOTS,
    LOTS_OF_BODIES,
    LOTS_OF_SYSTEMS,
    SECOND,
    Lot,
    draw,
)
from orgmerge.seeding.places import Mint, Place
from portal.agencies.models import Affiliation, Subscriber, SubscriberKind
from portal.core.fields import keyed_hash
from portal.core.text import person_sort_key, search_key, sort_key

_FAMILY = ("Lò", "Vàng", "Giàng", "Tẩn", "Hoàng", "Lường", "Quàng", "Nguyễn", "Đặng", "Bùi", "Phạm",
           "Trần", "Lê", "Võ", "Huỳnh", "Phan", "Dương", "Lý", "Sùng", "Đinh")  # fmt: skip
_MIDDLE = ("Văn", "Thị", "Minh", "Xuân", "Thu", "Ngọc", "Quốc", "Hồng", "Đức", "Thanh", "Hữu")
_GIVEN = ("An", "Bình", "Chung", "Đạt", "Hà", "Khánh", "Lan", "Long", "Nam", "Phúc", "Quỳnh",
          "Sơn", "Thủy", "Tuấn", "Yến", "Ân", "Ánh", "Em", "Hương", "Trí")  # fmt: skip
_POSITIONS = ("Văn thư", "Kế toán", "Chuyên viên", "Phó Chủ tịch", "Chủ tịch", "Giáo viên")
_SINCE = date(2021, 7, 1)
_ONE_SYSTEM_IN = 4  # bodies
_TAILS = 100_000  # identity numbers from 900000 on were given to nobody


def settle_people(mint: Mint, place: Place, neighbour: Place, *, people: int) -> None:
    """Give ``place`` its own certificate, perhaps a system's, and ``people`` persons."""
    _hold(mint, place, _organisation(mint, place), draw(LOTS_OF_BODIES, random=mint.random))
    if mint.random.randrange(_ONE_SYSTEM_IN) == 0:
        _hold(mint, place, _system(mint, place), draw(LOTS_OF_SYSTEMS, random=mint.random))
    for _number in range(people):
        lot = draw(LOTS, random=mint.random)
        person = _person(mint, place)
        email = _employ(mint, place, person)
        if lot.works_elsewhere and neighbour is not place:
            _employ(mint, neighbour, person)
            _hold(mint, neighbour, person, SECOND)
        _hold(mint, place, person, lot, email=email)
    mint.writer.write_if_many()


def _hold(mint: Mint, place: Place, holder: Subscriber, lot: Lot, *, email: str = "") -> None:
    if not lot.has_certificate:
        return
    email = email or f"{place.mailbox.replace('@', f'{mint.number()}@', 1)}"
    made = certify(mint, place, holder, lot, email)
    if lot.has_second:
        certify(mint, place, holder, SECOND, email)
    if lot.is_pending:
        open_dossier(mint, place, made)


def _organisation(mint: Mint, place: Place) -> Subscriber:
    return mint.writer.add(
        Subscriber(
            uuid=mint.uuid(),
            kind=SubscriberKind.ORGANISATION,
            name=place.agency.name,
            search_name=place.agency.search_name,
            sort_name=place.agency.sort_name,
            agency=place.agency,
            organisation=place.agency,
        )
    )


def _system(mint: Mint, place: Place) -> Subscriber:
    name = f"Phần mềm một cửa {mint.number()}"
    return mint.writer.add(
        Subscriber(
            uuid=mint.uuid(),
            kind=SubscriberKind.SYSTEM,
            name=name,
            search_name=search_key(name),
            sort_name=sort_key(name),
            agency=place.agency,
            domain_name=f"motcua{mint.number()}.{place.mailbox.rpartition('@')[2]}",
        )
    )


def _person(mint: Mint, place: Place) -> Subscriber:
    parts = (mint.random.choice(words) for words in (_FAMILY, _MIDDLE, _GIVEN))
    name = " ".join(parts)
    number, count = mint.random.randrange(2), mint.person()
    year = count // _TAILS % 8
    # Born after 2000, which none of the demo's people is.
    identity = f"{int(place.province_code):03d}{2 + number}{year:02d}{900_000 + count % _TAILS}"
    return mint.writer.add(
        Subscriber(
            uuid=mint.uuid(),
            kind=SubscriberKind.PERSON,
            name=name,
            search_name=search_key(name),
            sort_name=person_sort_key(name),
            identity_number=identity,
            identity_hash=keyed_hash(identity),
            birth_on=date(2000 + year, 1 + count % 12, 1 + count % 28),
            agency=place.agency,
        )
    )


def _employ(mint: Mint, place: Place, person: Subscriber) -> str:
    """Let ``person`` work at ``place``; return the mailbox they have there."""
    email = place.mailbox.replace("@", f"{mint.number()}@", 1)
    mint.writer.add(
        Affiliation(
            subscriber=person,
            agency=place.agency,
            position=mint.random.choice(_POSITIONS),
            email=email,
            phone=f"09{mint.number() % 10**8:08d}",
            valid_from=_SINCE,
        )
    )
    return email
