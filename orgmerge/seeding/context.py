"""What a made-up population is made with: numbers, moments, and rows written in bulk."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import count
from operator import itemgetter
from random import Random
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.models import Max

from orgmerge.seeding.signing import CertificateMaker
from portal.accounts.models import User
from portal.agencies.models import Agency, AgencyKind, AgencyVersion
from portal.core.database.bulk import insert_rows
from portal.core.database.fields import encrypted_fields
from portal.core.text.vietnamese import search_key, sort_key

AT_ONCE = 5000  # rows of the fullest table before all are written

_Row = TypeVar("_Row", bound=models.Model)


class Writer:
    """Gives rows their keys as they are made, and writes them in bulk, table by table.

    Of what there is a handful to each person only the values are kept: an object for each would
    take longer to make than to write."""

    def __init__(self, order: Sequence[type[models.Model]]) -> None:
        self._tables = {one: _Table(one) for one in order}

    def add(self, row: _Row) -> _Row:
        """Give ``row`` the next key of its table and keep it."""
        table = self._tables[type(row)]
        row.pk = table.next_key()
        table.keep(row.__dict__)
        return row

    def put(self, model: type[models.Model], /, **values: Any) -> int:
        """Keep a row with ``values`` by the names of its columns ("agency_id"), the rest by
        default; return the key it gets."""
        table = self._tables[model]
        key = table.next_key()
        table.keep({**table.defaults, "id": key, **values})
        return key

    def write_if_many(self) -> None:
        """Write when enough has come together; call it where nothing is half made."""
        if max(len(table.waiting) for table in self._tables.values()) >= AT_ONCE:
            self.write()

    @transaction.atomic
    def write(self) -> None:
        """Write what waits, and let the database go on counting after it."""
        for model, table in self._tables.items():
            insert_rows(model, table.columns, map(itemgetter(*table.columns), table.waiting))
            table.waiting.clear()
        with connection.cursor() as cursor:
            for reset in connection.ops.sequence_reset_sql(no_style(), list(self._tables)):
                cursor.execute(reset)


class _Table:
    """What waits to be written to one table."""

    def __init__(self, model: type[models.Model]) -> None:
        fields = model._meta.concrete_fields
        self.columns = [field.attname for field in fields]
        self.encrypted = encrypted_fields(model)
        self.defaults = {
            field.attname: field.get_default() for field in fields if not field.primary_key
        }
        self.waiting: list[dict[str, Any]] = []
        self._last: int = model._default_manager.aggregate(last=Max("pk"))["last"] or 0

    def keep(self, row: dict[str, Any]) -> None:
        """Let a row wait, its encrypted values sealed for it."""
        for one in self.encrypted:
            row[one.attname] = one.seal(
                row[one.attname], cast("models.Model", SimpleNamespace(**row))
            )
        self.waiting.append(row)

    def next_key(self) -> int:
        """Return the key after the last one."""
        self._last += 1
        return self._last


SINCE = date(2021, 7, 1)
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


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom certificates name, and what they say of them."""

    pk: int
    kind: str
    name: str
    search_name: str
    domain_name: str = ""


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate that was made."""

    pk: int
    holder: Holder
    storage: str


@dataclass
class Factory:
    """What everything made up is made with: the same seed makes the same population."""

    writer: Writer
    maker: CertificateMaker
    random: Random
    day: date
    _numbers: count[int] = field(default_factory=lambda: count(1))
    _people: count[int] = field(default_factory=lambda: count(1))
    _moments: dict[int, datetime] = field(default_factory=dict)

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
        known = self._moments.get(days_left)
        if known is None:
            known = datetime.combine(self.day + timedelta(days=days_left), NEARLY_MIDNIGHT, UTC)
            self._moments[days_left] = known
        return known

    @cached_property
    def ca(self) -> Agency:
        """The CA as a body, whom dossiers are addressed to; founded if the register has none."""
        standing = Agency.objects.filter(kind=AgencyKind.CA).first()
        if standing is not None:
            return standing
        ca = self.writer.add(
            Agency(
                uuid=self.uuid(),
                kind=AgencyKind.CA,
                name=CA_NAME,
                search_name=search_key(CA_NAME),
                sort_name=sort_key(CA_NAME),
                province="Hà Nội",
            )
        )
        self.writer.add(
            AgencyVersion(
                agency=ca,
                valid_from=SINCE,
                name=ca.name,
                short_name="CTSBMTT",
                province=ca.province,
                place=ca.province,
            )
        )
        return ca
