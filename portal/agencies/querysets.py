"""What can be asked about bodies and subscribers; ``visible_to`` is the only door."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.apps import apps
from django.db import models
from django.db.models import Q, QuerySet

from portal.core.roles import Capability, Scope
from portal.core.text.vietnamese import search_key
from portal.search.words import having

if TYPE_CHECKING:
    from portal.accounts.models import User
    from portal.agencies.models import (
        Affiliation,
        Agency,
        AgencyVersion,
        Inheritance,
        Signer,
        Subscriber,
        SubscriberWord,
    )

_Rows = TypeVar("_Rows", bound="QuerySet[Any]")


class AgencyQuerySet(models.QuerySet["Agency"]):
    def visible_to(self, user: User) -> Self:
        """Return the bodies ``user`` may see. Built from IN, so that the rows can be locked."""
        if user.scope is Scope.CA or user.can(Capability.ADMINISTER):
            return self
        if user.scope is Scope.OFFICE:
            return self.filter(Q(office__in=user.body_ids) | Q(pk__in=user.body_ids))
        if user.scope is Scope.TREE:
            # Three levels of the tree are what the administration has: province, body, unit.
            return self.filter(
                Q(pk=user.agency_id)
                | Q(parent=user.agency_id)
                | Q(parent__parent=user.agency_id)
                | Q(parent__parent__parent=user.agency_id)
            )
        if user.scope is Scope.BODY:
            return self.filter(
                Q(pk=user.agency_id)
                | Q(parent=user.agency_id, has_seal=False)
                | Q(pk__in=ancestors_of(user.agency_id))
            )
        return self.none()

    def existing(self, today: date) -> Self:
        return self.filter(Q(dissolved_on__isnull=True) | Q(dissolved_on__gt=today))

    def named(self, words: str) -> Self:
        """Return the bodies whose name has each of ``words``, marks and case aside."""
        return self.filter(*(Q(search_name__contains=one) for one in search_key(words).split()))


class AgencyVersionQuerySet(models.QuerySet["AgencyVersion"]):
    def on(self, day: date) -> Self:
        """Return the versions in force on ``day``: at most one of each body."""
        return self.filter(
            Q(valid_until__isnull=True) | Q(valid_until__gt=day), valid_from__lte=day
        )

    def version_on(self, agency: Agency, day: date) -> AgencyVersion:
        """Return how ``agency`` stood on ``day``; raises DoesNotExist before and after its life."""
        return self.on(day).get(agency=agency)

    def name_on(self, agency: Agency, day: date) -> str:
        """Return the name ``agency`` bore on ``day``; raises DoesNotExist as ``version_on``."""
        return self.version_on(agency, day).name


class SignerQuerySet(models.QuerySet["Signer"]):
    def visible_to(self, user: User) -> Self:
        """Return the signers of the bodies ``user`` may see."""
        bodies = AgencyQuerySet(_model("Agency")).visible_to(user).order_by().values("pk")
        return self.filter(agency__in=bodies)

    def on(self, day: date) -> Self:
        """Return those whose authority is in force on ``day``."""
        return self.filter(
            Q(valid_until__isnull=True) | Q(valid_until__gt=day), valid_from__lte=day
        )


class SubscriberQuerySet(models.QuerySet["Subscriber"]):
    def visible_to(self, user: User) -> Self:
        """Return the subscribers of the bodies ``user`` may see; the administrator sees none.

        A person with duties at two bodies is seen by both.
        """
        if not user.can(Capability.READ_DOSSIERS):
            return self.none()
        if user.scope is Scope.CA:
            return self
        bodies = AgencyQuerySet(_model("Agency")).visible_to(user).order_by().values("pk")
        standing: QuerySet[Affiliation] = QuerySet(_model("Affiliation"))
        working_there = standing.filter(agency__in=bodies, valid_until__isnull=True)
        return self.filter(
            Q(agency__in=bodies) | Q(pk__in=working_there.order_by().values("subscriber"))
        )

    def people(self) -> Self:
        return self.filter(kind="person")

    def named(self, words: str) -> Self:
        """Return those who are found by ``words`` in the search box too."""
        return of_subscribers_named(self, words, at="pk")


def of_subscribers_named(rows: _Rows, words: str, *, at: str = "subscriber") -> _Rows:
    """Return those of ``rows`` whose subscriber, in the column ``at``, is found by ``words``."""
    kept: QuerySet[SubscriberWord] = QuerySet(_model("SubscriberWord"))
    return having(rows, kept, "subscriber", words, at=at)


def ancestors_of(agency_id: int) -> QuerySet[Inheritance, int]:
    """Return the keys of the bodies that went over to this one as a whole, in any generation."""
    inherited: QuerySet[Inheritance] = QuerySet(_model("Inheritance"))
    return inherited.filter(heir=agency_id).order_by().values_list("ancestor", flat=True)


def heirs_of(*agency_ids: int) -> QuerySet[Inheritance, int]:
    """Return the keys of the bodies these have become, in any generation."""
    inherited: QuerySet[Inheritance] = QuerySet(_model("Inheritance"))
    return inherited.filter(ancestor__in=agency_ids).order_by().values_list("heir", flat=True)


def _model(name: str) -> type[Any]:
    """Return a model by name: the models import this module."""
    return apps.get_model("agencies", name)
