"""Links from the ledger of a device to the documents its moves happened under."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django import template
from django.urls import reverse

from devices.models import Shipment
from requests_app.models import Dossier

if TYPE_CHECKING:
    from devices.models import CustodyMove
    from portal.accounts.models import User

register = template.Library()


@register.simple_tag
def document_links(user: User, moves: Sequence[CustodyMove]) -> Mapping[UUID, str]:
    """Return the pages of the moves' documents that ``user`` may open; two queries for all."""
    told = [move.notice.document_uuid for move in moves if hasattr(move, "notice")]
    dossiers = Dossier.objects.visible_to(user).filter(uuid__in=[*_under(moves, "dossier"), *told])
    shipments = Shipment.objects.visible_to(user).filter(uuid__in=_under(moves, "shipment"))
    links = {
        uuid: reverse("requests_app:detail", args=[uuid])
        for uuid in dossiers.values_list("uuid", flat=True)
    }
    links |= {
        uuid: reverse("devices:shipment", args=[uuid])
        for uuid in shipments.values_list("uuid", flat=True)
    }
    return links


@register.filter
def link_of(links: Mapping[UUID, str], document: UUID | None) -> str:
    """Return the page of a document, "" when it has none for this user."""
    return links.get(document, "") if document else ""


def _under(moves: Sequence[CustodyMove], kind: str) -> set[UUID]:
    return {
        move.document_uuid for move in moves if move.document_type == kind and move.document_uuid
    }
