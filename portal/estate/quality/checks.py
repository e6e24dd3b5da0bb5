"""The questions of quality, each once: its rows are its number and its list (decision 36).

Which faults are looked for is the portal's own choice; what mends them is the law's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from devices.lifecycle import Condition, Custody
from devices.models import Device
from portal.accounts.models import User
from portal.agencies.models import (
    Affiliation,
    Agency,
    AgencyKind,
    AgencyVersion,
    Subscriber,
    SubscriberKind,
)
from portal.ca.models import Certificate

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a list: what it is, what is said of it, whose it is, its page."""

    name: str
    said: str
    body: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question: its rows for a user, how a row is told, and the act that mends it.

    ``about`` and ``event`` name the answer of the start page that leads to one letter for many;
    without them the thing's own page mends it. ``advice`` says to everybody what is to be done.
    """

    code: str
    label: _StrPromise
    advice: _StrPromise
    rows: Callable[[User, datetime], QuerySet[Any]]
    line: Callable[[Any], Line]
    act: _StrPromise | str = ""
    about: str = ""
    event: str = ""

    @property
    def start(self) -> str:
        """The address where the letter for many begins, "" without one."""
        if not self.event:
            return ""
        way = urlencode({"about": self.about, "event": self.event})
        return f"{reverse('requests_app:start_way')}?{way}"


def _works(now: datetime) -> QuerySet[Affiliation]:
    today = timezone.localdate(now)
    ends = Q(valid_until__isnull=True) | Q(valid_until__gt=today)
    return Affiliation.objects.filter(ends, valid_from__lte=today).order_by()


def _standing(user: User, now: datetime) -> QuerySet[Certificate]:
    """Return the valid certificates a user sees, each line of renewals once."""
    found = Certificate.objects.visible_to(user).valid_at(now).for_list()
    return found.filter(successors__isnull=True)


def _without_email(user: User, now: datetime) -> QuerySet[Subscriber]:
    """People who hold a valid certificate, with no e-mail where they work."""
    reached = _works(now).filter(subscriber=OuterRef("pk")).exclude(email="")
    holds = Certificate.objects.valid_at(now).filter(subscriber=OuterRef("pk"))
    people = Subscriber.objects.visible_to(user).people().select_related("agency")
    return people.filter(Exists(holds), ~Exists(reached))


def _incomplete_bodies(user: User, now: datetime) -> QuerySet[Agency]:
    today = timezone.localdate(now)
    coded = AgencyVersion.objects.on(today).filter(agency=OuterRef("pk")).exclude(agency_code="")
    bodies = Agency.objects.visible_to(user).existing(today).filter(kind=AgencyKind.AGENCY)
    return bodies.filter(Q(has_seal=False) | ~Exists(coded)).annotate(has_code=Exists(coded))


def _with_two(user: User, now: datetime) -> QuerySet[Subscriber]:
    """People of whom two certificates or more stand, none in place of another."""
    theirs = Certificate.objects.valid_at(now).filter(
        subscriber=OuterRef("pk"), successors__isnull=True
    )
    number = theirs.order_by().values("subscriber").annotate(rows=Count("pk")).values("rows")
    people = Subscriber.objects.visible_to(user).people().select_related("agency")
    counted = people.annotate(standing=Coalesce(Subquery(number, output_field=IntegerField()), 0))
    return counted.filter(standing__gt=1)


def _held_by_nobody(user: User, now: datetime) -> QuerySet[Device]:
    lying = Device.objects.visible_to(user).filter(
        custody__in=(Custody.AT_AGENCY, Custody.BACK_AT_AGENCY, Custody.AT_OFFICE)
    )
    return lying.exclude(condition=Condition.LOST).select_related("agency", "subscriber")


def _of_ended_bodies(user: User, now: datetime) -> QuerySet[Certificate]:
    return _standing(user, now).filter(agency__dissolved_on__lte=timezone.localdate(now))


def _of_who_left(user: User, now: datetime) -> QuerySet[Certificate]:
    """Certificates of people who worked at the body and no longer do."""
    here = Affiliation.objects.filter(
        subscriber=OuterRef("subscriber"), agency=OuterRef("agency")
    ).order_by()
    still = _works(now).filter(subscriber=OuterRef("subscriber"), agency=OuterRef("agency"))
    of_people = _standing(user, now).filter(kind=SubscriberKind.PERSON)
    return of_people.filter(Exists(here), ~Exists(still))


def _of_person(one: Any) -> Line:
    standing = getattr(one, "standing", None)
    said = _("%(count)d chứng thư còn hiệu lực") % {"count": standing} if standing else ""
    return Line(one.name, said, one.agency.name, reverse("agencies:subscriber", args=[one.uuid]))


def _of_body(one: Any) -> Line:
    lacks = [
        str(word)
        for word, is_lacking in (
            (_("chưa có mã định danh điện tử"), not one.has_code),
            (_("không có con dấu riêng"), not one.has_seal),
        )
        if is_lacking
    ]
    return Line(one.name, ", ".join(lacks), "", reverse("agencies:detail", args=[one.uuid]))


def _of_device(one: Device) -> Line:
    whose = f", {one.subscriber.name}" if one.subscriber else ""
    body = one.agency.name if one.agency else ""
    url = reverse("devices:detail", args=[one.uuid])
    return Line(one.serial, f"{one.get_custody_display()}{whose}", body, url)


def _of_certificate(one: Certificate) -> Line:
    ends = f"{timezone.localdate(one.not_after):%d/%m/%Y}"
    said = _("%(serial)s, đến %(day)s") % {"serial": one.serial, "day": ends}
    return Line(one.common_name, said, one.agency.name, reverse("ca:detail", args=[one.uuid]))


_CHANGE, _REVOKE = _("Lập một Mẫu 04 cho nhiều người"), _("Lập một Mẫu 05 cho nhiều chứng thư")
CHECKS: dict[str, Check] = {
    check.code: check
    for check in (
        Check(
            code="thieu-thu-cong-vu",
            label=_("Người có chứng thư mà chưa có thư điện tử công vụ"),
            advice=_(
                "Hỏi thư điện tử công vụ của từng người rồi đề nghị thay đổi thông tin (Mẫu 04); "
                "nhiều người cùng đơn vị đi chung một văn bản."
            ),
            rows=_without_email,
            line=_of_person,
            act=_CHANGE,
            about="person",
            event="changed",
        ),
        Check(
            code="don-vi-thieu-ma-dau",
            label=_("Đơn vị chưa có mã định danh hoặc không có con dấu"),
            advice=_(
                "Mở trang đơn vị và báo quản trị hệ thống bổ sung mã. Đơn vị không có con dấu "
                "riêng gửi văn bản qua cơ quan cấp trên."
            ),
            rows=_incomplete_bodies,
            line=_of_body,
        ),
        Check(
            code="hai-chung-thu",
            label=_("Người có từ hai chứng thư còn hiệu lực"),
            advice=_(
                "Hỏi người đó đang dùng chứng thư nào; chứng thư không dùng thì đề nghị thu hồi "
                "(Mẫu 05)."
            ),
            rows=_with_two,
            line=_of_person,
            act=_REVOKE,
            about="person",
            event="left",
        ),
        Check(
            code="thiet-bi-khong-ai-giu",
            label=_("Thiết bị không ai giữ"),
            advice=_(
                "Thiết bị chờ bàn giao thì bàn giao cho thuê bao; đã thu hồi thì giao lại Sở hoặc "
                "Cục kèm một Mẫu 08 cho nhiều thiết bị."
            ),
            rows=_held_by_nobody,
            line=_of_device,
            act=_("Lập một Mẫu 08 cho nhiều thiết bị"),
            about="device",
            event="ended",
        ),
        Check(
            code="don-vi-da-cham-dut",
            label=_("Chứng thư thuộc đơn vị đã chấm dứt hoạt động"),
            advice=_(
                "Đơn vị kế thừa đề nghị thay đổi thông tin (Mẫu 04) cho người tiếp tục làm việc, "
                "thu hồi (Mẫu 05) phần còn lại."
            ),
            rows=_of_ended_bodies,
            line=_of_certificate,
            act=_CHANGE,
            about="person",
            event="changed",
        ),
        Check(
            code="nguoi-da-roi",
            label=_("Chứng thư của người không còn làm việc tại đơn vị"),
            advice=_(
                "Nghỉ việc, nghỉ hưu: đề nghị thu hồi (Mẫu 05). Chuyển sang cơ quan nhà nước khác: "
                "cơ quan nhận lập Mẫu 04, không thu hồi."
            ),
            rows=_of_who_left,
            line=_of_certificate,
            act=_REVOKE,
            about="person",
            event="left",
        ),
    )
}
