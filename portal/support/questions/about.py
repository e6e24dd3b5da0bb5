"""What the page speaks of from which somebody asks: a dossier, a certificate, a device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from django.urls import Resolver404, resolve

from devices.models import Device
from portal.ca.models import Certificate
from requests_app.models import Dossier

if TYPE_CHECKING:
    from portal.accounts.models import User

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class About:
    """A page's path, without what stands after it, and the thing it is about, if ``user`` sees."""

    page: str = ""
    dossier: Dossier | None = None
    certificate: Certificate | None = None
    device: Device | None = None

    @property
    def thing(self) -> Dossier | Certificate | Device | None:
        return self.dossier or self.certificate or self.device


def about_page(path: str, user: User) -> About:
    """Return what ``path`` is about; nothing for what is no page of ours."""
    path = path.partition("?")[0][:_LONGEST]
    try:
        match = resolve(path)
    except Resolver404:
        return About()
    uuid = match.kwargs.get("uuid") or match.kwargs.get("code")
    page = About(path)
    if isinstance(uuid, UUID):
        match match.app_name:
            case "requests_app":
                dossiers = Dossier.objects.visible_to(user)
                return replace(page, dossier=dossiers.filter(uuid=uuid).first())
            case "ca":
                certificates = Certificate.objects.visible_to(user).defer("der", "crl_entry")
                return replace(page, certificate=certificates.filter(uuid=uuid).first())
            case "devices":
                devices = Device.objects.visible_to(user)
                return replace(page, device=devices.filter(uuid=uuid).first())
    return page
