"""What can be asked about the use of certificates; ``visible_to`` is the only door."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q

from portal.agencies.models import Agency
from portal.agencies.querysets import AgencyQuerySet
from portal.agencies.visibility import of_visible_bodies
from portal.ca.querysets import CertificateQuerySet
from portal.core.roles import Scope
from portal.usage.rules import month_of

if TYPE_CHECKING:
    from portal.accounts.models import User
    from portal.usage.models import IdleInquiry, PublicCertificate, SigningSystem, UsageAlarm

_Rows = TypeVar("_Rows", bound="models.QuerySet[Any]")


def of_visible_certificates(rows: _Rows, user: User) -> _Rows:
    """Return those about certificates that ``user`` may see; ``rows`` have ``certificate``."""
    if user.scope is Scope.CA:
        return rows
    if user.scope is Scope.OFFICE:
        return rows.filter(certificate__office__in=user.body_ids)
    if user.scope in (Scope.BODY, Scope.TREE):
        bodies = Agency.objects.visible_to(user).order_by().values("pk")
        return rows.filter(certificate__agency__in=bodies)
    return rows.none()


def supervised_bodies(user: User) -> AgencyQuerySet:
    """Return the bodies whose use of certificates ``user`` may see."""
    if user.scope is Scope.NONE:  # the administrator keeps bodies, and knows nothing of their use
        return Agency.objects.none()
    return Agency.objects.visible_to(user).order_by()


def used_since(moment: datetime) -> Exists:
    """Say of a certificate whether it signed after ``moment``."""
    months = _rows("UsageMonth").filter(certificate=OuterRef("pk"), month__gte=month_of(moment))
    return Exists(months.filter(last_at__gt=moment))


def idle_for(certificates: CertificateQuerySet, days: int, *, now: datetime) -> CertificateQuerySet:
    """Return what is usable and has signed nothing for ``days`` though its body was reported on.

    Where no system reports on a body nobody knows which of its certificates lie idle.
    """
    bound = now - timedelta(days=days)
    reported_before = _rows("BodyMonth").filter(
        agency=OuterRef("agency"), month__lte=month_of(bound), count__gt=0
    )
    standing = certificates.usable_at(now).filter(not_before__lte=bound)
    return standing.filter(~used_since(bound), Exists(reported_before))


def without_signing(bodies: AgencyQuerySet, days: int, *, now: datetime) -> AgencyQuerySet:
    """Return the bodies that have usable certificates and signed with none of them for ``days``.

    By whole months: a body counts as signing until the month that holds the bound is over.
    """
    certificates: CertificateQuerySet = CertificateQuerySet(apps.get_model("ca", "Certificate"))
    held = certificates.usable_at(now).filter(
        agency=OuterRef("pk"), not_before__lte=now - timedelta(days=days)
    )
    signed = _rows("BodyMonth").filter(
        agency=OuterRef("pk"), month__gte=month_of(now - timedelta(days=days)), count__gt=0
    )
    return bodies.filter(Exists(held), ~Exists(signed))


def _rows(name: str) -> models.QuerySet[Any]:
    """Return the rows of a model of ours by name: the models import this module."""
    return models.QuerySet(apps.get_model("usage", name))


class SigningSystemQuerySet(models.QuerySet["SigningSystem"]):
    def visible_to(self, user: User) -> Self:
        """Return the systems of the bodies ``user`` may see, and of its own."""
        found = of_visible_bodies(self, user)
        if user.scope is Scope.OFFICE:
            return self.filter(Q(office__in=user.body_ids) | Q(agency__in=user.body_ids))
        return found

    def reporting(self) -> Self:
        return self.filter(ended_at__isnull=True)

    def for_list(self) -> Self:
        return self.select_related("agency")


class UsageAlarmQuerySet(models.QuerySet["UsageAlarm"]):
    def visible_to(self, user: User) -> Self:
        return of_visible_certificates(self, user)

    def open(self) -> Self:
        return self.filter(closed_at__isnull=True)

    def unexplained(self) -> Self:
        """Return the open ones that the body has said nothing of."""
        return self.open().filter(explained_at__isnull=True)

    def for_list(self) -> Self:
        return self.select_related("certificate__agency", "system", "closed_by").defer(
            "certificate__der", "certificate__crl_entry"
        )


class IdleInquiryQuerySet(models.QuerySet["IdleInquiry"]):
    def visible_to(self, user: User) -> Self:
        return of_visible_certificates(self, user)

    def open(self) -> Self:
        """Return what is not answered and still matters: the certificate stands."""
        return self.filter(answered_at__isnull=True, certificate__revoked_at__isnull=True)

    def for_list(self) -> Self:
        return self.select_related("certificate__agency", "asked_by", "answered_by").defer(
            "certificate__der", "certificate__crl_entry"
        )


class PublicCertificateQuerySet(models.QuerySet["PublicCertificate"]):
    def visible_to(self, user: User) -> Self:
        if user.scope is Scope.CA:
            return self
        return self.filter(agency__in=supervised_bodies(user).values("pk"))

    def in_use(self) -> Self:
        return self.filter(state="in_use")

    def for_list(self) -> Self:
        return self.select_related("agency", "replaced_by").defer(
            "replaced_by__der", "replaced_by__crl_entry"
        )
