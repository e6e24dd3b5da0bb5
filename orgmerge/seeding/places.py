"""A body of a made-up population with what its people's certificates say of it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import count
from random import Random

from orgmerge.seeding.notary import Notary
from orgmerge.seeding.writing import Writer
from portal.accounts.models import User
from portal.agencies.models import Agency, AgencyKind, AgencyVersion
from portal.core.text import search_key, sort_key

CA_NAME = "CỤC CHỨNG THỰC SỐ VÀ BẢO MẬT THÔNG TIN"
NEARLY_MIDNIGHT = time(16, 59, 59)  # 23:59:59 in Hà Nội: when certificates end


@dataclass(frozen=True, slots=True)
class Place:
    """A body, the names above it from the top down with its own, its province and mailboxes."""

    agency: Agency
    version: AgencyVersion
    levels: tuple[str, ...]
    superior: str
    mailbox: str
    province_code: str
    clerk: User


@dataclass
class Mint:
    """What everything made up is made with: the same seed makes the same population."""

    writer: Writer
    notary: Notary
    random: Random
    day: date
    _numbers: count[int] = field(default_factory=lambda: count(1))
    _people: count[int] = field(default_factory=lambda: count(1))

    def number(self) -> int:
        """Return a number that was not returned before."""
        return next(self._numbers)

    def person(self) -> int:
        """Return the number of one more person."""
        return next(self._people)

    def uuid(self) -> uuid.UUID:
        """Return a random UUID that depends on the seed alone."""
        return uuid.UUID(int=self.random.getrandbits(128), version=4)

    def serial(self) -> str:
        """Return the number of a certificate: random, and never the same twice."""
        return f"{self.random.getrandbits(39):010X}{self.number():06X}"

    def ends(self, days_left: int) -> datetime:
        """Return the last moment of the day so many days after the population's."""
        return datetime.combine(self.day + timedelta(days=days_left), NEARLY_MIDNIGHT, UTC)

    @cached_property
    def ca(self) -> Agency:
        """The CA as a body, whom dossiers are addressed to; founded if the register has none."""
        standing = Agency.objects.filter(kind=AgencyKind.CA).first()
        if standing is not None:
            return standing
        return self.writer.add(
            Agency(
                uuid=self.uuid(),
                kind=AgencyKind.CA,
                name=CA_NAME,
                search_name=search_key(CA_NAME),
                sort_name=sort_key(CA_NAME),
                province="Hà Nội",
            )
        )
