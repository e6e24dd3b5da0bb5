"""Accounts: who signs in, for which body, in which role."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from portal.accounts.querysets import (
    AccountChangeQuerySet,
    PasswordChoiceQuerySet,
    RoleGrantQuerySet,
    UserQuerySet,
)
from portal.agencies.models import Agency, Subscriber
from portal.agencies.querysets import ancestors_of
from portal.core.background.leases import Leased
from portal.core.roles import Capability, Role, Scope, profile_of

if TYPE_CHECKING:
    from django.http import HttpRequest

    class UserRequest(HttpRequest):
        """A request past SignInFirst."""

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
    # After a reset or a change of address: until then it looks and drafts (portal.audit.look_only).
    look_only_until = models.DateTimeField(null=True, blank=True)
    # Said by the edge for the moment of a request; pages leave out what would be refused.
    looks_only = False

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

    @property
    def scope(self) -> Scope:
        """Whose papers the account sees."""
        return profile_of(self.role).scope

    def can(self, capability: Capability) -> bool:
        """Say whether the account's role has ``capability``."""
        return capability in profile_of(self.role).capabilities

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

    def note_time(self, now: datetime) -> None:
        """Say for this request whether the account only looks on."""
        self.looks_only = self.look_only_until is not None and now < self.look_only_until

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


class AccountChange(models.Model):
    """A reset of a password, or a new address, asked for by one administrator.

    Where the account decides or signs, another person has to confirm it. Decided with nobody
    named: withdrawn by who proposed it, overtaken, or confirmed at once where one suffices.
    """

    class Kind(models.TextChoices):
        RESET_BY_LINK = "reset_by_link", _("Đặt lại mật khẩu bằng đường dẫn gửi qua thư")
        RESET_BY_CODE = "reset_by_code", _("Đặt lại mật khẩu bằng mã hai nửa")
        ADDRESS = "address", _("Đổi địa chỉ thư công vụ")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=20, choices=Kind)
    user = models.ForeignKey(User, models.PROTECT, related_name="changes")
    address = models.EmailField(blank=True, default="")  # the new one
    address_before = models.EmailField(blank=True, default="")
    needs_second = models.BooleanField(default=True)
    first_half_hash = models.CharField(max_length=64, blank=True, default="")
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    is_confirmed = models.BooleanField(null=True)

    objects = AccountChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-proposed_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="accounts_change_second_person",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("proposed_by")),
            ),
            models.CheckConstraint(
                name="accounts_change_is_confirmed_by_somebody",
                condition=Q(is_confirmed__isnull=True)
                | Q(is_confirmed=False)
                | Q(decided_by__isnull=False)
                | Q(needs_second=False),
            ),
            models.CheckConstraint(
                name="accounts_change_one_suffices_for_a_link",
                condition=Q(needs_second=True) | Q(kind="reset_by_link"),
            ),
            models.CheckConstraint(
                name="accounts_change_names_its_address",
                condition=Q(kind="address") ^ Q(address=""),
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(decided_at__isnull=True),
                name="accounts_change_one_open_per_user",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.kind}"


class PasswordChoice(Leased):
    """The right to choose an account's password, once: by a mailed link, or by a code in halves.

    Only hashes are kept. The link is made where it is sent, and is known to its mail alone.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="password_choices")
    # None: the first password of a new account, which two persons opened by giving it a role.
    change = models.OneToOneField(AccountChange, models.PROTECT, null=True, related_name="choice")
    address = models.EmailField(blank=True, default="")  # empty: by code
    secret_hash = models.CharField(max_length=64, null=True, unique=True)
    # What the account was like: another password, address or role ends the right.
    account_hash = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    objects = PasswordChoiceQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["id"],
                condition=Q(sent_at__isnull=True, used_at__isnull=True),
                name="accounts_choice_to_send",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.made_at:%d/%m/%Y}"


class AccountNews(models.Model):
    """What happened to an account that its owner and the head of its body are to be told of.

    Written in the transaction of its cause; ``portal.notices`` tells it.
    """

    class Kind(models.TextChoices):
        RESET_ASKED = "reset_asked", _("đề nghị đặt lại mật khẩu")
        RESET_CONFIRMED = "reset_confirmed", _("xác nhận đặt lại mật khẩu")
        RESET_USED = "reset_used", _("đặt mật khẩu mới")
        ADDRESS_ASKED = "address_asked", _("đề nghị đổi địa chỉ thư")
        ADDRESS_CHANGED = "address_changed", _("đổi địa chỉ thư")
        SECOND_ACCOUNT = "second_account", _("đề nghị tài khoản khác cho cùng một người")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="news")
    kind = models.CharField(max_length=20, choices=Kind)
    # Where it is mailed whatever the account's address is by then; the old one beside the new.
    addresses = models.JSONField(default=list)
    at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["id"], condition=Q(told_at__isnull=True), name="accounts_news_to_tell"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.kind}"


class CalendarFeed(models.Model):
    """The token of one account's calendar feed: its hash, shown to nobody."""

    user = models.OneToOneField(User, models.CASCADE, related_name="calendar_feed")
    token_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user_id} {self.made_at:%d/%m/%Y}"


class KnownPlace(models.Model):
    """An address or a browser from which an account has signed in: told by its keyed hash alone."""

    key = models.CharField(max_length=64, unique=True)  # of account name and place
    user = models.ForeignKey(User, models.CASCADE, related_name="known_places")
    seen_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["seen_at"], name="accounts_place_seen")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.seen_at:%d/%m/%Y}"


class LoginFailure(models.Model):
    """A refused sign-in; each of several makes the wait before the next try longer."""

    key = models.CharField(max_length=64)  # keyed hash of account name and place, or of one of them
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["key", "at"], name="accounts_login_failure_key")]

    def __str__(self) -> str:
        return f"{self.at:%d/%m/%Y %H:%M}"
