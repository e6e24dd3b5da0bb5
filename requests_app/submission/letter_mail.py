"""The letter of a sent dossier as one mail to each address its routing rule names."""

from __future__ import annotations

from datetime import date, datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.audit import services as audit
from portal.core.roles import Capability
from portal.core.rules import refuse
from portal.documents import services as documents
from portal.documents.uploads import XLSX
from portal.notices import services as notices
from portal.notices.models import MOST_TRIES
from portal.notices.services import Attached
from requests_app import kinds
from requests_app.acts import dossier_act
from requests_app.models import Dossier, LetterMail, RoutingRule
from requests_app.models.letter_mails import new_token
from requests_app.spreadsheets import writer
from requests_app.submission.letter_content import letter_words


def write(dossier: Dossier, rule: RoutingRule, *, now: datetime) -> None:
    """Write the mails of a dossier that is being sent, in its transaction; the sweep sends them.

    The same round again writes nothing. Neither subject nor text names anybody in the list.
    """
    papers = (
        [dossier.signed_letter]
        if dossier.signed_letter
        else [
            one.document for one in dossier.attachments.filter(kind="signed_scan", is_current=True)
        ]
    )
    attached = [Attached(one.name, one.media_type, documents.read(one)) for one in papers]
    kind = kinds.get(dossier.kind)
    if rule.mails_sheet and kind.sheet:
        sheet = writer.export(kind, [row.answers for row in dossier.items.order_by("position")])
        attached.append(Attached(f"Danh-sach-mau-{kind.number}.xlsx", XLSX.media_type, sheet))
    sender = dossier.agency_version.name
    words = {
        "sender": sender,
        "letter": letter_words(dossier),
        "subject": kind.subject_of(dossier.variant),
        "files": "; ".join(one.name for one in attached),
    }
    for place, address in enumerate(dict.fromkeys([rule.mail_to, rule.mail_copy_to])):
        cause = f"letter:{dossier.uuid}:{dossier.round}:{place}"
        if not address or LetterMail.objects.filter(mail__cause=cause).exists():
            continue
        token = new_token()
        link = f"{settings.PUBLIC_URL}{reverse('requests_app:confirm_mail', args=[token])}"
        text = _(
            "%(sender)s gửi văn bản %(letter)s về việc %(subject)s.\n\nTệp gửi kèm: %(files)s.\n\n"
            "Xin mở địa chỉ sau và bấm “Xác nhận đã nhận” để %(sender)s biết văn bản đã đến:\n"
            "%(link)s"
        ) % {**words, "link": link}
        mail = notices.write_to(
            address,
            name=_("Quý cơ quan"),
            cause=cause,
            subject=_("Văn bản %(letter)s của %(sender)s") % words,
            text=text,
            attached=attached,
            now=now,
        )
        LetterMail.objects.create(dossier=dossier, mail=mail, token=token)


def confirm(sent: LetterMail, *, now: datetime) -> None:
    """Note that whoever holds the mail says it came; the first time counts."""
    LetterMail.objects.filter(pk=sent.pk, confirmed_at__isnull=True).update(confirmed_at=now)


@transaction.atomic
def note_receipt(
    sent: LetterMail, *, received_on: date, received_by: str, actor: User, now: datetime
) -> None:
    """Write down who received a letter and when, as the sender was told; raises Refused."""
    dossier = sent.dossier
    if not (actor.can(Capability.DRAFT) and actor.agency_id == dossier.agency_id):
        raise refuse("not_the_sender", _("Chỉ đơn vị gửi ghi việc nhận văn bản."))
    first = timezone.localdate(sent.mail.created_at)
    if not first <= received_on <= timezone.localdate(now):
        raise refuse(
            "receipt_day",
            _("Ngày nhận phải từ ngày gửi %(first)s đến hôm nay.") % {"first": f"{first:%d/%m/%Y}"},
        )
    noted = {"received_on": received_on, "received_by": received_by, "noted_by": actor}
    LetterMail.objects.filter(pk=sent.pk).update(**noted)
    data = {"received_on": received_on.isoformat()}
    audit.record(dossier_act("dossier.note_receipt", dossier, data=data), actor=actor, now=now)


def tell_of_unsent(*, now: datetime) -> int:
    """Tell the senders of letters that could not be mailed; return how many letters."""
    dead = LetterMail.objects.filter(
        told_at__isnull=True, mail__sent_at__isnull=True, mail__attempts__gte=MOST_TRIES
    )
    told = 0
    for sent in dead.select_related("dossier", "mail")[:100]:
        clerks = [
            user
            for user in User.objects.filter(agency=sent.dossier.agency_id, is_active=True)
            if user.can(Capability.DRAFT)
        ]
        with transaction.atomic():
            notices.tell(
                clerks,
                cause=f"letter-mail:{sent.uuid}",
                title=_("Không gửi được văn bản %(letter)s qua thư điện tử")
                % {"letter": letter_words(sent.dossier)},
                text=_("Địa chỉ %(address)s: %(problem)s. Gửi văn bản bằng kênh khác.")
                % {"address": sent.mail.address, "problem": sent.mail.problem},
                path=reverse("requests_app:letter_mails", args=[sent.dossier.uuid]),
                target_type="dossier",
                target_uuid=sent.dossier.uuid,
                now=now,
            )
            told += LetterMail.objects.filter(pk=sent.pk, told_at__isnull=True).update(told_at=now)
    return told
