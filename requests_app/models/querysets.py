"""What can be asked about dossiers; ``visible_to`` is the only door."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce

from portal.agencies.models import Agency
from portal.core.background.leases import LeasedQuerySet
from portal.core.roles import Capability, Scope
from requests_app.letter_workflow import LEFT_THE_OFFICE, stages_waiting_for
from requests_app.workflow import AT_THE_AGENCY, Route, State

if TYPE_CHECKING:
    from portal.accounts.models import User
    from requests_app.models import Dossier
    from requests_app.models.covering_letters import CoveringLetter
    from requests_app.models.mandates import RecoveryMandate
    from requests_app.models.previews import LetterPreview
    from requests_app.models.proceedings import ProceedingsNotice, ProceedingsRequest
    from requests_app.models.routing import RoutingProposal, RoutingRule

ROUTES_SHOWN_DAYS = 60  # days before a rule's end an administrator is told

# What has left the agency; drafts are the agency's own business.
_NOT_SENT = (State.DRAFT, State.AWAITING_SIGNATURE, State.AWAITING_SEAL)


class DossierQuerySet(LeasedQuerySet["Dossier"]):
    def visible_to(self, user: User) -> Self:
        """Return what ``user`` may see; pages, API, exports and services start from here.

        Built from IN and EXISTS so that the rows can be locked.
        """
        if user.scope is Scope.BODY:
            return self.filter(agency__in=user.body_ids)
        if user.scope is Scope.OFFICE:
            sent = Q(office__in=user.body_ids, sent_at__isnull=False)
            if user.can(Capability.DRAFT_RECOVERIES):  # and what they write under a mandate
                mandates = apps.get_model("requests_app", "RecoveryMandate")._default_manager
                given = mandates.filter(office__in=user.body_ids, revoked_at__isnull=True)
                theirs = given.order_by().values("agency")
                return self.filter(sent | Q(created_by=user, agency__in=theirs))
            return self.filter(sent)
        if user.scope is Scope.CA:
            return self.filter(is_at_ca=1)
        if user.scope is Scope.TREE:
            bodies = Agency.objects.visible_to(user).order_by().values("pk")
            return self.filter(agency__in=bodies)
        return self.none()

    def visible_as_copy_to(self, user: User) -> Self:
        """Return the dossiers ``user``'s body gets a copy of: read-only, numbers masked."""
        if user.scope not in (Scope.BODY, Scope.OFFICE):
            return self.none()
        copied = apps.get_model("requests_app", "DossierCopy")._default_manager
        theirs = copied.filter(agency__in=user.body_ids).order_by().values("dossier")
        return self.filter(pk__in=theirs, sent_at__isnull=False)

    def workable_by(self, user: User) -> Self:
        """Return what waits for ``user``'s role, among what is visible; what another of the
        body's signers is to sign digitally waits for them alone."""
        found = self.visible_to(user).filter(queue=user.role)
        if not user.can(Capability.SIGN_LETTERS):
            return found
        own = Q(signer__isnull=True) | Q(signer__person=user.person_id)
        return found.filter(own | ~Q(state=State.AWAITING_SIGNATURE, signing_mode="digital"))

    def read_as_sent_by(self, user: User) -> Self:
        """Leave out what another body may be correcting: what it holds now was not sent.

        What was withdrawn in a later round may hold a correction too (``reading.hides_rework``).
        """
        if user.scope is Scope.TREE:
            return self
        corrected = Q(state__in=AT_THE_AGENCY) | Q(state=State.WITHDRAWN, round__gt=1)
        if user.scope is Scope.BODY:
            corrected &= ~Q(agency__in=user.body_ids)
        return self.exclude(corrected)

    def open(self) -> Self:
        return self.exclude(
            state__in=[State.COMPLETED, State.PARTLY_COMPLETED, State.REJECTED, State.WITHDRAWN]
        )

    def for_list(self) -> Self:
        return self.select_related("agency", "office")


class CoveringLetterQuerySet(LeasedQuerySet["CoveringLetter"]):
    def visible_to(self, user: User) -> Self:
        """Return the letters ``user`` may see: the office's own, to the CA what has left it.

        A body sees none: they speak of other bodies' dossiers.
        """
        if user.scope is Scope.OFFICE:
            return self.filter(office__in=user.body_ids)
        if user.scope is Scope.CA:
            return self.filter(stage__in=LEFT_THE_OFFICE)
        if user.scope is Scope.TREE:
            bodies = Agency.objects.visible_to(user).order_by().values("pk")
            return self.filter(office__in=bodies)
        return self.none()

    def workable_by(self, user: User) -> Self:
        """Return what waits for ``user``'s role, among what is visible."""
        stages = stages_waiting_for(user.role)
        return self.visible_to(user).filter(stage__in=stages)


class RecoveryMandateQuerySet(models.QuerySet["RecoveryMandate"]):
    def visible_to(self, user: User) -> Self:
        """Return the mandates of ``user``'s body, for an office those given to it."""
        if user.scope is Scope.BODY:
            return self.filter(agency__in=user.body_ids)
        if user.scope is Scope.OFFICE:
            return self.filter(office__in=user.body_ids)
        return self.none()

    def standing(self) -> Self:
        return self.filter(revoked_at__isnull=True)

    def in_force(self, today: date) -> Self:
        return self.standing().filter(valid_from__lte=today, valid_until__gte=today)

    def for_list(self) -> Self:
        return self.select_related("agency", "office", "granted_by", "revoked_by")


class ProceedingsRequestQuerySet(LeasedQuerySet["ProceedingsRequest"]):
    def visible_to(self, user: User) -> Self:
        """Return all to the CA's people who deal with them, nothing to others."""
        return self if user.can(Capability.READ_PROCEEDINGS) else self.none()

    def waiting(self) -> Self:
        return self.filter(state="waiting")

    def unanswered(self) -> Self:
        """Return what was decided and whose papers are still to be printed and delivered."""
        return self.filter(state__in=["accepted", "refused"], answer__isnull=True)

    def for_list(self) -> Self:
        return self.select_related("entered_by", "decided_by")


class ProceedingsNoticeQuerySet(models.QuerySet["ProceedingsNotice"]):
    def visible_to(self, user: User) -> Self:
        """Return those of ``user``'s body, those its office follows, to the CA's desk all."""
        if user.can(Capability.READ_PROCEEDINGS):
            return self
        if not user.can(Capability.READ_DOSSIERS):
            return self.none()
        if user.scope is Scope.OFFICE:
            return self.filter(office__in=user.body_ids)
        return self.filter(agency__in=user.body_ids) if user.scope is Scope.BODY else self.none()


class RoutingRuleQuerySet(models.QuerySet["RoutingRule"]):
    def confirmed(self) -> Self:
        """Leave out what a second person has not confirmed."""
        return self.filter(Q(proposal__isnull=True) | Q(proposal__is_confirmed=True))

    def not_ended_by(self, day: date) -> Self:
        return self.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=day))

    def ending_without_next(self, today: date) -> Self:
        """Return the confirmed rules that end soon and that no rule of the same follows."""
        rules = apps.get_model("requests_app", "RoutingRule")._default_manager
        # An office that is none is equal to none: NULLs are compared as 0.
        following = rules.annotate(office_key=Coalesce("office", 0)).filter(
            Q(proposal__isnull=True) | Q(proposal__is_confirmed=True),
            Q(office_key=OuterRef("office_key")),
            Q(valid_until__isnull=True) | Q(valid_until__gt=OuterRef("valid_until")),
            procedure=OuterRef("procedure"),
            storage=OuterRef("storage"),
            valid_from__lte=OuterRef("valid_until"),
        )
        soon = today + timedelta(days=ROUTES_SHOWN_DAYS)
        keyed = self.confirmed().annotate(office_key=Coalesce("office", 0))
        ending = keyed.filter(valid_until__gt=today, valid_until__lte=soon)
        return ending.exclude(Exists(following.order_by()))

    def in_force(self, today: date) -> Self:
        return self.confirmed().not_ended_by(today).filter(valid_from__lte=today)


class RoutingProposalQuerySet(models.QuerySet["RoutingProposal"]):
    def visible_to(self, user: User) -> Self:
        """Return the proposals to the administrators, nothing to others."""
        return self if user.can(Capability.ADMINISTER) else self.none()

    def open(self) -> Self:
        return self.filter(decided_at__isnull=True)

    def for_list(self) -> Self:
        return self.select_related("office", "ends__office", "ends__addressee", "proposed_by")


# What comes by way of the office the CA sees once it is forwarded. What the office carries out
# itself (275/BCY-CTSBMTT mục 5) it sees from the office's decision on: no step of it is the CA's.
_DECIDED = frozenset(
    {
        State.DECIDED,
        State.ACCEPTED,
        State.EXECUTING,
        State.COMPLETED,
        State.PARTLY_COMPLETED,
        State.EXECUTION_FAILED,
        State.REJECTED,
    }
)


def is_at_ca(state: str, route: str) -> int:
    """Return 1 when the CA sees a dossier in ``state`` on ``route``, else 0."""
    if route in (Route.DIRECT, Route.NOTICE, Route.MINUTES):
        sees = state not in _NOT_SENT and state != State.WITHDRAWN
    elif route == Route.VIA_OFFICE:
        sees = state == State.FORWARDED or state in _DECIDED
    else:
        sees = route == Route.OFFICE_ONLY and state in _DECIDED
    return int(sees)


class LetterPreviewQuerySet(LeasedQuerySet["LetterPreview"]):
    def visible_to(self, user: User) -> Self:
        """Return the user's own, as long as they see its dossier."""
        dossiers = DossierQuerySet(apps.get_model("requests_app", "Dossier"))
        seen = dossiers.visible_to(user).order_by().values("pk")
        return self.filter(asked_by=user, dossier__in=seen)

    def waiting(self) -> Self:
        """Return those a worker still has to do with."""
        return self.filter(path="", problem="")
