"""What can be asked about questions and articles; ``visible_to`` is the only door."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from portal.agencies.models import Agency, AgencyKind
from portal.core.roles import Capability, Scope
from portal.search.words import fold
from portal.support.workflow import Desk, State

if TYPE_CHECKING:
    from portal.accounts.models import User
    from portal.support.models import Article, Entry, Question


class QuestionQuerySet(models.QuerySet["Question"]):
    def visible_to(self, user: User) -> Self:
        """Return one's own, and by scope those of the body, of the office's bodies, what reached
        the CA, to the auditor those of the bodies in their tree."""
        own = Q(asked_by=user)
        if user.scope is Scope.BODY:
            return self.filter(own | Q(agency__in=user.body_ids))
        if user.scope is Scope.OFFICE:
            return self.filter(own | Q(office__in=user.body_ids))
        if user.scope is Scope.CA:
            return self.filter(own | Q(reached_ca_at__isnull=False))
        if user.scope is Scope.TREE:
            bodies = Agency.objects.visible_to(user).order_by().values("pk")
            return self.filter(own | Q(agency__in=bodies))
        return self.filter(own)

    def asked_on_behalf_of(self, user: User) -> Self:
        """Return one's own and those of one's body: the side that asks."""
        if user.scope is Scope.BODY:
            return self.visible_to(user)
        return self.filter(asked_by=user)

    def at_desk_of(self, user: User) -> Self:
        """Return what ``user`` answers or has answered: others' questions at their desk."""
        if not user.can(Capability.ANSWER_QUESTIONS):
            return self.none()
        return self.visible_to(user).exclude(asked_by=user)

    def waiting_for(self, user: User) -> Self:
        """Return those of ``at_desk_of`` that are in the desk's own hands and not answered."""
        desk = Desk.CA if user.scope is Scope.CA else Desk.OFFICE
        return self.at_desk_of(user).filter(state=State.WAITING, desk=desk)

    def late(self, now: datetime) -> Self:
        return self.filter(state=State.WAITING, due_at__lt=now)

    def found_by(self, text: str) -> Self:
        """Return those in whose subject each of the words stands, marks and case aside."""
        return self.filter(*(Q(search_text__contains=word) for word in fold(text).split()))

    def for_list(self) -> Self:
        return self.select_related("agency", "asked_by").defer("text")


class EntryQuerySet(models.QuerySet["Entry"]):
    def visible_to(self, user: User) -> Self:
        """Leave out the desks' notes for who does not answer, and for the side that asked."""
        if not user.can(Capability.ANSWER_QUESTIONS):
            return self.filter(is_internal=False)
        return self.exclude(is_internal=True, question__asked_by=user)


class ArticleQuerySet(models.QuerySet["Article"]):
    def visible_to(self, user: User) -> Self:
        """Return what the CA and the user's office wrote; to the CA what any office wrote."""
        if user.scope is Scope.CA:
            return self
        return self.filter(
            Q(owner__kind=AgencyKind.CA) | Q(owner__in={user.agency.office_id, *user.body_ids})
        )

    def published(self) -> Self:
        return self.filter(published__isnull=False)
