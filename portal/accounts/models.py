"""Accounts: who signs in, for which body, in which role."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from portal.accounts.querysets import RoleGrantQuerySet, UserQuerySet
from portal.agencies.models import Agency, Subscriber
from portal.agencies.querysets import ancestors_of
from portal.core.roles import Role

if TYPE_CHECKING:
    from django.http import HttpRequest

    class UserRequest(HttpRequest):
        """A request past LoginRequiredMiddleware."""

        user: User


# Django's own look-ups by username, and our vocabulary.
UserManager = BaseUserManager.from_queryset(UserQuerySet)


class User(AbstractBaseUser):
    """One account: one agency, one role, tied to a person (four eyes count persons)."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    username = models.CharField(
        _("tên đăng nhập"), max_length=60, unique=True, validators=[UnicodeUsernameValidator()]
    )
    full_name = models.CharField(_("họ và tên"), max_length=150)
    position = models.CharField(_("chức vụ"), max_length=120, blank=True)
    email = models.EmailField(_("thư điện tử công vụ"), blank=True)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="users")
    # Empty until a second person has confirmed one; written by services.confirm_role alone.
    role = models.CharField(_("vai trò"), max_length=20, choices=Role, blank=True)
    person = models.ForeignKey(
        Subscriber,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="users",
        help_text=_("Cá nhân sử dụng tài khoản; chứng thư của người này dùng để ký."),
    )
    is_active = models.BooleanField(_("đang hoạt động"), default=True)
    must_change_password = models.BooleanField(_("phải đổi mật khẩu"), default=False)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["full_name"]

    objects = UserManager()

    class Meta:
        ordering = ["username"]
        constraints = [
            models.CheckConstraint(
                name="accounts_user_active_has_a_role",
                condition=Q(is_active=False) | ~Q(role=""),
            ),
        ]

    def __str__(self) -> str:
        return self.full_name

    @cached_property
    def body_ids(self) -> list[int]:
        """The body whose papers are this user's, and those that went over to it as a whole.

        A list of one is an equality to the database, so that an index gives the order of a list.
        """
        return [self.agency_id, *ancestors_of(self.agency_id)]

    def is_same_person_as(self, other: User) -> bool:
        """Say whether two accounts belong to one human being."""
        if self.pk == other.pk:
            return True
        return self.person_id is not None and self.person_id == other.person_id

    def bodies_in_view(self) -> models.QuerySet[Agency]:
        """Return the bodies the account may see; the audit list asks, itself knowing no bodies."""
        return Agency.objects.visible_to(self)


class RoleGrant(models.Model):
    """A role proposed by one administrator for an account and confirmed by another person.

    Decided with nobody named: withdrawn by who proposed it, or overtaken by a deactivation.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="grants")
    role = models.CharField(_("vai trò"), max_length=20, choices=Role)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    is_granted = models.BooleanField(null=True)

    objects = RoleGrantQuerySet.as_manager()

    class Meta:
        ordering = ["-proposed_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="accounts_grant_needs_a_second_person",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("proposed_by")),
            ),
            models.CheckConstraint(
                name="accounts_grant_is_given_by_somebody",
                condition=Q(is_granted__isnull=True)
                | Q(is_granted=False)
                | Q(decided_by__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(decided_at__isnull=True),
                name="accounts_grant_one_open_per_user",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role}"


class CalendarFeed(models.Model):
    """The token of one account's calendar feed: its hash, shown to nobody."""

    user = models.OneToOneField(User, models.CASCADE, related_name="calendar_feed")
    token_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user_id} {self.made_at:%d/%m/%Y}"


class LoginFailure(models.Model):
    """A refused sign-in; several within a window close the door for a while."""

    key = models.CharField(max_length=64)  # keyed hash of account name and address
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["key", "at"], name="accounts_login_failure_key")]

    def __str__(self) -> str:
        return f"{self.at:%d/%m/%Y %H:%M}"
