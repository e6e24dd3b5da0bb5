"""What a made-up population is made with: numbers, moments, and rows written in bulk."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import count
from random import Random
from typing import TypeVar

from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.models import Max

from orgmerge.seeding.signing import CertificateMaker
from portal.accounts.models import User
from portal.agencies.models import Agency, AgencyKind, AgencyVersion
from portal.core.text.vietnamese import search_key, sort_key

AT_ONCE = 5000  # rows of the fullest table before all are written

_Row = TypeVar("_Row", bound=models.Model)


class Writer:
    """Gives rows their keys as they are made, and writes them in bulk, table by table."""

    def __init__(self, order: Sequence[type[models.Model]]) -> None:
        self._waiting: dict[type[models.Model], list[models.Model]] = {one: [] for one in order}
        self._last = {
            one: one._default_manager.aggregate(last=Max("pk"))["last"] or 0 for one in order
        }

    def add(self, row: _Row) -> _Row:
        """Give ``row`` the next key of its table and keep it."""
        self._last[type(row)] += 1
        row.pk = self._last[type(row)]
        self._waiting[type(row)].append(row)
        return row

    def write_if_many(self) -> None:
        """Write when enough has come together; call it where nothing is half made."""
        if max(map(len, self._waiting.values())) >= AT_ONCE:
            self.write()

    @transaction.atomic
    def write(self) -> None:
        """Write what waits, and let the database go on counting after it."""
        for model, rows in self._waiting.items():
            model._default_manager.bulk_create(rows, batch_size=1000)
            rows.clear()
        with connection.cursor() as cursor:
            for reset in connection.ops.sequence_reset_sql(no_style(), list(self._waiting)):
                cursor.execute(reset)


CA_NAME = "CỤC CHỨNG THỰC SỐ VÀ BẢO MẬT THÔNG TIN"
NEARLY_MIDNIGHT = time(16, 59, 59)  # 23:59:59 in Hà Nội: when certificates end


@dataclass(frozen=True, slots=True)
class SeededPlace:
    """A body, the names above it from the top down with its own, its province and mailboxes."""

    agency: Agency
    version: AgencyVersion
    levels: tuple[str, ...]
    superior: str
    mailbox: str
    province_code: str
    clerk: User


@dataclass
class Factory:
    """What everything made up is made with: the same seed makes the same population."""

    writer: Writer
    maker: CertificateMaker
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
