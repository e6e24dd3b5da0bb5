"""Telling people: rows written in the transaction of their cause, mailed by a sweep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from portal.accounts.models import User
from portal.audit import services as audit
from portal.core.roles import Capability
from portal.notices.mail_text import new_mail
from portal.notices.models import Enclosure, Mail, Notice


@dataclass(frozen=True, slots=True)
class Attached:
    """A file to go with a mail."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What one person is told of one cause; ``is_urgent`` is mailed on days off too,
    ``is_portal_only`` never: it is mailed otherwise.

    It falls silent when the clock ``deadline_id`` is done or called off, or, where it ``asks`` for
    the next step of its target, once that is taken (``settle``).
    """

    recipient_id: int
    cause: str
    title: str
    text: str = ""
    path: str = ""
    target_type: str = ""
    target_uuid: UUID | None = None
    is_urgent: bool = False
    is_portal_only: bool = False
    deadline_id: int | None = None
    asks: bool = False


def tell(
    recipients: Iterable[User],
    *,
    cause: str,
    title: str,
    text: str = "",
    path: str = "",
    target_type: str = "",
    target_uuid: UUID | None = None,
    is_urgent: bool = False,
    deadline_id: int | None = None,
    asks: bool = False,
    now: datetime,
) -> int:
    """Tell each recipient once about ``cause`` (a stable key); return how many rows were offered.

    Telling the same cause again to the same person does nothing. What ``is_urgent`` is mailed at
    once on any day, whatever its recipient chose; ``deadline_id`` and ``asks`` as in ``Telling``.
    """
    tellings = [
        Telling(
            recipient_id=recipient.pk,
            cause=cause,
            title=title,
            text=text,
            path=path,
            target_type=target_type,
            target_uuid=target_uuid,
            is_urgent=is_urgent,
            deadline_id=deadline_id,
            asks=asks,
        )
        for recipient in recipients
    ]
    return tell_many(tellings, now=now)


def settle(target_type: str, *targets: UUID, at: int | None = None, now: datetime) -> int:
    """Let what asks for the next step of things fall silent: it was taken; return how many.

    ``at``: the body, by key, whose people alone are asked no more.
    """
    asking = Notice.objects.filter(target_uuid__in=targets, asks=True, over_at__isnull=True)
    if at is not None:
        asking = asking.filter(recipient__agency=at)
    return asking.filter(target_type=target_type).update(over_at=now)


def tell_many(tellings: Sequence[Telling], *, now: datetime) -> int:
    """Tell many people of many causes in a fixed number of statements; as ``tell``."""
    notices = [Notice(**asdict(one), at=now) for one in tellings]
    Notice.objects.bulk_create(notices, ignore_conflicts=True, batch_size=500)
    return len(notices)


@transaction.atomic
def hand_on(readers: Mapping[int, Sequence[User]], *, now: datetime) -> int:
    """Tell what an account (by key) left unread to those who do its work now; return how many rows
    were offered. What it was told stays its own; the same again tells nobody twice."""
    unread = Notice.objects.unread().filter(recipient__in=list(readers)).order_by("pk")
    tellings = [
        Telling(
            recipient_id=reader.pk,
            cause=notice.cause,
            title=notice.title,
            text=notice.text,
            path=notice.path,
            target_type=notice.target_type,
            target_uuid=notice.target_uuid,
            is_urgent=notice.is_urgent,
            deadline_id=notice.deadline_id,
            asks=notice.asks,
        )
        for notice in unread
        for reader in readers[notice.recipient_id]
    ]
    return tell_many(tellings, now=now)


@transaction.atomic
def write_to(
    address: str,
    *,
    name: str,
    cause: str,
    subject: str,
    text: str,
    attached: Sequence[Attached] = (),
    now: datetime,
) -> Mail:
    """Write a mail to somebody who need have no account; the sweep sends it. Return it.

    Written in the transaction of its cause (a stable key); the same cause again writes nothing.
    Identity numbers in subject and text are masked: mail leaves the house.
    """
    standing = Mail.objects.filter(cause=cause).first()
    if standing is not None:
        return standing
    mail = new_mail(address, subject=subject, now=now)
    mail.recipient_name, mail.cause, mail.text = name, cause, text
    mail.save(force_insert=True)
    Enclosure.objects.bulk_create(
        Enclosure(mail=mail, name=one.name, media_type=one.media_type, content=one.content)
        for one in attached
    )
    return mail


def read(notice: Notice, *, actor: User, now: datetime) -> None:
    """Note that its recipient has read a notice; the first time counts."""
    Notice.objects.visible_to(actor).unread().filter(pk=notice.pk).update(read_at=now)


def read_about(notice: Notice, *, actor: User, now: datetime) -> int:
    """Note that ``actor`` has read what was told of the same thing up to ``notice``."""
    told = Notice.objects.visible_to(actor).unread().about_the_same(notice)
    return told.filter(at__lte=notice.at).update(read_at=now)


def read_all(*, actor: User, now: datetime) -> int:
    """Note that ``actor`` has read everything told until ``now``; return how many."""
    return Notice.objects.visible_to(actor).unread().filter(at__lte=now).update(read_at=now)


@transaction.atomic
def send_again(mail: Mail, *, actor: User, now: datetime) -> bool:
    """Let a dead mail be tried again, to an account's present address; say whether it was dead.

    Raises PermissionDenied unless ``actor`` is an administrator.
    """
    if not actor.can(Capability.ADMINISTER):
        raise PermissionDenied("only an administrator looks after mails")
    revived = Mail.objects.dead().filter(pk=mail.pk)
    address = mail.recipient.email if mail.recipient else mail.address
    if not revived.update(attempts=0, claimed_until=None, last_error="", address=address):
        return False
    agency = mail.recipient.agency if mail.recipient else None
    act = audit.Act(
        action="mail.send_again",
        target_type="mail",
        target_uuid=mail.uuid,
        agency_uuid=agency.uuid if agency else None,
        office_uuid=agency.office.uuid if agency and agency.office else None,
    )
    audit.record(act, actor=actor, now=now)
    return True
