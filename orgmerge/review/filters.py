"""How the bodies of a round, and the lines of their lists, are narrowed down."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from orgmerge.filters import ALL, NarrowingFilter
from orgmerge.models import ReviewItem, ReviewReply
from orgmerge.models.querysets import ReviewReplyQuerySet
from orgmerge.review.rules import OUTSIDE
from orgmerge.vocabulary import ReviewAnswer
from portal.accounts.models import User
from portal.agencies.models import AgencyKind, SubscriberKind
from portal.core.roles import Scope, roles_in
from portal.core.text.vietnamese import nfc, search_key

NO_ANSWER, ANSWERED, FOR_THEM, TO_OTHER_BODIES = "none", "any", "office", "outside"
SENT, STARTED, SILENT, WITHOUT_ACCOUNT = "sent", "started", "silent", "mute"


class ReplyFilter(NarrowingFilter):
    """The bodies of a round: by name, and by how far they are."""

    q = filters.CharFilter(label=_("Tên đơn vị"), method="with_text")
    state = filters.ChoiceFilter(
        label=_("Tình trạng trả lời"),
        choices=[
            (SENT, _("Đã gửi kết quả")),
            (STARTED, _("Đang ghi, chưa gửi")),
            (SILENT, _("Chưa ghi dòng nào")),
            (WITHOUT_ACCOUNT, _("Chưa gửi, không có tài khoản")),
        ],
        empty_label=ALL,
        method="by_state",
    )

    class Meta:
        model = ReviewReply
        fields: list[str] = []

    def with_text(
        self, replies: ReviewReplyQuerySet, _name: str, value: str
    ) -> ReviewReplyQuerySet:
        return replies.filter(agency__search_name__contains=search_key(nfc(value)))

    def by_state(self, replies: ReviewReplyQuerySet, _name: str, value: str) -> ReviewReplyQuerySet:
        if value == SENT:
            return replies.filter(sent_at__isnull=False)
        if value == WITHOUT_ACCOUNT:
            return replies.silent().filter(~has_account())
        begun = has_answer()
        return replies.silent().filter(begun if value == STARTED else ~begun)


def has_answer() -> Exists:
    """Say of a reply whether any of its lines has an answer."""
    return Exists(ReviewItem.objects.filter(reply=OuterRef("pk")).exclude(answer="").order_by())


def has_account() -> Exists:
    """Say of a reply whether anybody of its body could be told."""
    theirs = User.objects.filter(
        agency=OuterRef("agency"), role__in=roles_in(Scope.BODY), is_active=True
    )
    return Exists(theirs.order_by())


class ReviewLineFilter(NarrowingFilter):
    """The lines of a list: by name or number, by what they are, by what was said."""

    q = filters.CharFilter(label=_("Tên, số hiệu chứng thư hoặc thiết bị"), method="with_text")
    answer = filters.ChoiceFilter(
        label=_("Kết quả rà soát"),
        choices=[
            (NO_ANSWER, _("Chưa có kết quả")),
            (ANSWERED, _("Đã có kết quả")),
            *ReviewAnswer.choices,
            (TO_OTHER_BODIES, OUTSIDE),
            (FOR_THEM, _("Sở ghi thay")),
        ],
        empty_label=ALL,
        method="by_answer",
    )
    kind = filters.ChoiceFilter(
        label=_("Loại"),
        choices=[
            ("person", _("Chứng thư của cá nhân")),
            ("organisation", _("Chứng thư của cơ quan, tổ chức")),
            ("system", _("Chứng thư của thiết bị, dịch vụ, phần mềm")),
            ("device", _("Thiết bị không có chứng thư")),
            ("subscriber", _("Thuê bao không có chứng thư, thiết bị")),
        ],
        empty_label=ALL,
        method="by_kind",
    )

    class Meta:
        model = ReviewItem
        fields: list[str] = []

    def with_text(self, items: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        key, text = search_key(nfc(value)), nfc(value).replace(" ", "").upper()
        return items.filter(
            Q(certificate__search_name__contains=key)
            | Q(subscriber__search_name__contains=key)
            | Q(device__subscriber__search_name__contains=key)
            | Q(certificate__serial__contains=text)
            | Q(device__serial__icontains=text)
        )

    def by_answer(self, items: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        parts = {
            NO_ANSWER: Q(answer=""),
            ANSWERED: ~Q(answer=""),
            TO_OTHER_BODIES: Q(answer=ReviewAnswer.MOVES, moves_to__isnull=True),
            FOR_THEM: ~Q(answer="") & Q(answered_by__agency__kind=AgencyKind.OFFICE),
        }
        return items.filter(parts.get(value, Q(answer=value)))

    def by_kind(self, items: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        if value in SubscriberKind.values:
            return items.filter(certificate__kind=value)
        has_none = items.filter(certificate__isnull=True)
        return has_none.filter(device__isnull=value == "subscriber")
