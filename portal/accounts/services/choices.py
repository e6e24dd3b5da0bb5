"""Choosing a password by a mailed link, or by a code whose halves two administrators hold."""

from __future__ import annotations

import hashlib
import logging
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import models, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.accounts.acts import act_about
from portal.accounts.models import AccountChange, AccountNews, PasswordChoice, User
from portal.accounts.passwords import refuse_unfit
from portal.accounts.services.common import drop_tokens, lock, note
from portal.audit import services as audit
from portal.core.database.fields import keyed_hash
from portal.core.rules import Refused, refuse

logger = logging.getLogger(__name__)

# Mails with it are for their recipient's eyes (RFC 2156): no page of the portal shows them.
PRIVATE = {"Sensitivity": "Private"}
_TOKEN_BYTES = 32
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
_HALF_LENGTH = 10  # letters, 49 bits: nobody guesses the half they do not have
_LEASE = timedelta(minutes=5)  # of a worker that sends a link, and until it is tried again


def open_choice(
    user: User, *, change: AccountChange | None, by_code: bool = False, now: datetime
) -> PasswordChoice:
    """Let the owner of a locked account choose a password; an earlier right to do so ends."""
    standing = PasswordChoice.objects.filter(user=user, used_at__isnull=True, ends_at__gt=now)
    standing.update(ends_at=now)
    return PasswordChoice.objects.create(
        user=user,
        change=change,
        address="" if by_code else user.email,
        account_hash=_hash_of_account(user),
        made_at=now,
        ends_at=now + settings.PASSWORD_LINK_LASTS,
    )


def new_half() -> str:
    """Return half a code, to be shown once; it is read out or written down: "k7f2m-9xpw3"."""
    letters = "".join(secrets.choice(_LETTERS) for _letter in range(_HALF_LENGTH))
    return f"{letters[: _HALF_LENGTH // 2]}-{letters[_HALF_LENGTH // 2 :]}"


def hash_of_half(half: str) -> str:
    """Return the keyed hash of half a code as it was typed: the database alone opens nothing."""
    typed = "".join(letter for letter in half.casefold() if letter.isalnum())
    return keyed_hash(f"half|{typed}")


def hash_of_code(first_hash: str, second_hash: str) -> str:
    """Return what is kept of a whole code."""
    return keyed_hash(f"code|{first_hash}|{second_hash}")


def send_links(*, now: datetime) -> int:
    """Mail the links that wait, each made as it is sent; return how many were sent.

    What could not be sent is tried again with another link until its time is over. Two workers
    never send the same; one killed between sending and noting is followed by another mail, whose
    link is then the only one that works.
    """
    waiting = PasswordChoice.objects.to_send(now)
    sent = 0
    for pk in list(waiting.unclaimed(now).order_by("pk").values_list("pk", flat=True)):
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        if not waiting.claim(pk, now=now, lease=_LEASE, secret_hash=_hash_of_token(token)):
            continue  # another worker has it
        choice = PasswordChoice.objects.select_related("user").get(pk=pk)
        if choice.account_hash != _hash_of_account(choice.user):
            PasswordChoice.objects.filter(pk=pk).update(ends_at=now)
            continue
        try:
            context = {
                "choice": choice,
                "link": f"{settings.PUBLIC_URL}{reverse('accounts:open_link', args=[token])}",
                "hours": int(settings.PASSWORD_LINK_LASTS.total_seconds() // 3600),
            }
            EmailMessage(
                subject=_("Đặt mật khẩu tài khoản %(name)s") % {"name": choice.user.username},
                body=render_to_string("accounts/link_mail.txt", context),
                to=[choice.address],
                headers={"Auto-Submitted": "auto-generated", **PRIVATE},
            ).send()
        except OSError as error:  # smtplib's errors are among them; its text may name the address
            logger.warning("link %s could not be sent: %s", choice.uuid, type(error).__name__)
            continue
        PasswordChoice.objects.filter(pk=pk).update(sent_at=now)
        sent += 1
    return sent


def choice_of_link(token: str, *, now: datetime) -> PasswordChoice | None:
    """Return the right a link gives, while it gives one.

    Found by the hash of 256 random bits: how long the look-up takes says nothing of a token.
    """
    return _usable(PasswordChoice.objects.filter(secret_hash=_hash_of_token(token)), now=now)


def choice_of_code(
    username: str, first: str, second: str, *, now: datetime
) -> PasswordChoice | None:
    """Return the right a code gives; the caller counts the tries."""
    whole = hash_of_code(hash_of_half(first), hash_of_half(second))
    username = User.normalize_username(username)
    found = PasswordChoice.objects.filter(secret_hash=whole, user__username=username, address="")
    return _usable(found, now=now)


def choice_in_hand(secret_hash: str, *, now: datetime) -> PasswordChoice | None:
    """Return the right whose link or code was shown a moment ago, by what is kept of it."""
    return _usable(PasswordChoice.objects.filter(secret_hash=secret_hash), now=now)


@transaction.atomic
def choose_password(choice: PasswordChoice, password: str, *, now: datetime) -> User:
    """Set the password its owner chose by a link or a code, which then opens nothing any more.

    After a reset the account only looks on for LOOK_ONLY; a first password opens at once, as two
    persons have just let its owner in. Every session and token ends. Raises Refused.
    """
    user = lock(choice.user)
    rows = PasswordChoice.objects.select_for_update(no_key=True, of=("self",))
    found = _usable(rows.filter(pk=choice.pk, secret_hash=choice.secret_hash), now=now)
    if found is None:
        raise link_is_over()
    refuse_unfit(password, user)
    user.set_password(password)
    user.must_change_password = False
    if found.change_id is not None:
        user.look_only_until = now + settings.LOOK_ONLY
        user.known_places.all().delete()  # one of them may be whoever made the reset needful
    user.save(update_fields=["password", "must_change_password", "look_only_until"])
    drop_tokens(user)
    found.used_at = now
    found.save(update_fields=["used_at"])
    action = "user.choose_first_password"
    if found.change_id is not None:
        action = "user.use_reset"
        note(AccountNews.Kind.RESET_USED, user, addresses=[user.email], now=now)
    audit.record(act_about(action, user), actor=None, now=now)
    return user


def link_is_over() -> Refused:
    """Return the refusal of a link or a code that opens nothing (any more)."""
    return refuse(
        "link_is_over",
        _("Đường dẫn hoặc mã không đúng, đã dùng, đã quá hạn hoặc tài khoản đã thay đổi."),
        way_out=_("Đề nghị quản trị hệ thống đặt lại mật khẩu lần nữa."),
    )


def _usable(found: models.QuerySet[PasswordChoice], *, now: datetime) -> PasswordChoice | None:
    choice = found.filter(used_at__isnull=True, ends_at__gt=now).select_related("user").first()
    if choice is None or not choice.user.is_active:
        return None
    return choice if choice.account_hash == _hash_of_account(choice.user) else None


def _hash_of_account(user: User) -> str:
    """Return what changes with the password, the address, the role or the body of an account."""
    return keyed_hash(f"{user.uuid}|{user.password}|{user.email}|{user.role}|{user.agency_id}")


def _hash_of_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
