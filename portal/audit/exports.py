"""Lists that leave the portal as a spreadsheet: who took which, and how long it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from django.db import transaction

from portal.audit import services
from portal.audit.services import Act, Actor


class _Office(Protocol):
    uuid: UUID


class _Body(Protocol):
    uuid: UUID

    @property
    def office(self) -> _Office | None: ...


class Taker(Actor, Protocol):
    """Who takes a list: a user of a body, seen from below."""

    @property
    def agency(self) -> _Body: ...


@transaction.atomic
def note_export(
    name: str, *, rows: int, params: Mapping[str, object], actor: Taker, now: datetime
) -> None:
    """Record that ``actor`` took ``rows`` lines of the list ``name``.

    Of the filters only the names are kept: what was searched for may be somebody's name. Where
    the list was cut at the most a sheet holds, ``rows`` says one more than that.
    """
    office = actor.agency.office
    narrowed_by = sorted(key for key, value in params.items() if value and key != "export")
    act = Act(
        action="register.export",
        target_type="register",
        target_uuid=None,
        agency_uuid=actor.agency.uuid,
        office_uuid=office.uuid if office else None,
        data={"list": name, "rows": rows, "narrowed_by": narrowed_by},
    )
    services.record(act, actor=actor, now=now)
