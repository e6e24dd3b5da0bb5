"""Two bodies under one office with certificates of every sort, where any sequence begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from devices import services as devices
from devices.models import Device
from portal.agencies.models import Agency, Subscriber, SubscriberKind
from portal.ca.models import Certificate
from portal.core.roles import Role
from portal.core.text.vietnamese import search_key
from requests_app.catalogue.mau_04_renew_change.prefill import row_of as renewal_row
from requests_app.catalogue.mau_05_revoke import prefill as revoke
from requests_app.catalogue.mau_06_recover import prefill as recover
from requests_app.catalogue.mau_08_return import prefill as give_back
from requests_app.catalogue.mau_09_loss import prefill as loss
from requests_app.models import Dossier, Procedure
from requests_app.workflow import Route
from tests import builders, story
from tests.builders import NOW

ROUTES = {
    Procedure.ISSUE: Route.VIA_OFFICE,
    Procedure.RENEW_CHANGE: Route.VIA_OFFICE,
    Procedure.REVOKE: Route.DIRECT,
    Procedure.RECOVER: Route.OFFICE_ONLY,
    Procedure.RETURN_DEVICE: Route.MINUTES,
    Procedure.REPORT_LOSS: Route.NOTICE,
}
RENEW_CHANGE = "mau_04_renew_change"
REVOKE = "mau_05_revoke"
RECOVER = "mau_06_recover"
GIVE_BACK = "mau_08_return"
LOSS = "mau_09_loss"
KINDS = (RENEW_CHANGE, REVOKE, RECOVER, GIVE_BACK, LOSS)
# What a row of Mẫu 04 can ask for; "move" is asked by the body a person went to (R41).
WANTS = ("renew", "change", "both", "move")

CARD = {"issued_on": "25/08/2024", "issue_place": "CCSQLHCVTTXH"}
CODES = {"tax_code": "0100233488", "budget_code": "1234567"}
CAUSES = {
    SubscriberKind.PERSON: {"cause": "retired", **CARD},
    SubscriberKind.ORGANISATION: {"cause": "agency", "reason": "Đổi tên", **CODES},
    SubscriberKind.SYSTEM: {"cause": "stopped"},
}
TOLD = {
    "lost_on": "19/11/2026",
    "place": "Bến xe",
    "circumstances": "Mất túi khi đi công tác",
    "measures": "Đã báo công an xã",
}
CONTACTS: Mapping[str, Mapping[str, str]] = {
    RECOVER: story.CONTACT | {"workplace": "UBND xã Tân Uyên"},
    LOSS: {
        "made_at": "09 giờ 30 phút",
        "made_on": "20/11/2026",
        "made_in": "Trụ sở UBND xã",
        "maker": "Lò Thị Nhận",
        "maker_position": "Văn thư",
        "participants": "Ông Lò Văn Chủ, Chủ tịch",
    },
}


@dataclass(frozen=True, slots=True)
class Population:
    """The people of the two bodies; office and CA are the same for both."""

    here: story.Cast
    there: story.Cast

    def people_of(self, agency_id: int) -> story.Cast:
        return self.here if agency_id == self.here.agency.pk else self.there

    def beside(self, people: story.Cast) -> story.Cast:
        return self.there if people is self.here else self.here


def settled() -> Population:
    """Make everybody, the rules of the ways, the stock and the certificates in hand."""
    here = story.cast(Route.VIA_OFFICE, procedure=Procedure.ISSUE)
    for procedure, route in ROUTES.items():
        if procedure != Procedure.ISSUE:
            builders.routing(procedure, route)
    assert here.agency.office is not None
    other = builders.agency(office=here.agency.office)
    there = replace(
        here,
        agency=other,
        clerk=builders.user(Role.CLERK, agency=other),
        head=builders.user(Role.HEAD, agency=other),
    )
    for days_left, renewals in ((300, 0), (200, 1), (31, 0), (30, 0), (29, 0), (1, 0)):
        _hold(here.agency, days_left=days_left, renewals=renewals)
    _hold(here.agency, storage="soft", days_left=90)
    _hold(here.agency, storage="rssp", days_left=120)
    sim = _hold(here.agency, storage="sim", days_left=200)
    Device.objects.filter(key=sim.key).update(phone="0912345678")
    story.give_certificate(builders.organisation(here.agency), days_left=60)
    story.give_certificate(_system(here.agency), storage="soft", days_left=400)
    for days_left, renewals in ((500, 0), (250, 1), (40, 0)):
        _hold(there.agency, days_left=days_left, renewals=renewals)
    devices.take_in("token", ["TU-000001", "TU-000002"], batch="1", actor=here.operator, now=NOW)
    devices.make_next_keys(now=NOW)
    return Population(here, there)


def _hold(
    agency: Agency, *, days_left: int, renewals: int = 0, storage: str = "token"
) -> Certificate:
    number = Subscriber.objects.count()
    holder = builders.person(f"Lò Văn {'ABCDEGHIKLMNOPQRSTUVXY'[number]}nh", at=agency)
    return story.give_certificate(holder, days_left=days_left, renewals=renewals, storage=storage)


def _system(agency: Agency) -> Subscriber:
    return Subscriber.objects.create(
        kind=SubscriberKind.SYSTEM,
        name="CỔNG DỊCH VỤ CÔNG",
        search_name=search_key("CỔNG DỊCH VỤ CÔNG"),
        sort_name="CỔNG DỊCH VỤ CÔNG",
        domain_name="dichvucong.laichau.gov.vn",
        agency=agency,
    )


def row_about(
    kind: str, certificate: Certificate, *, wants: str, number: int, now: datetime
) -> dict[str, str]:
    """Return a right row of a form about a certificate or the device it is in.

    Raises LookupError for a form about devices when there is none.
    """
    if kind == RENEW_CHANGE:
        return _renewal(certificate, wants, number)
    if kind == REVOKE:
        return revoke.row_of(certificate) | CAUSES[SubscriberKind(certificate.kind)]
    device = Device.objects.filter(key=certificate.key_id).first()
    if device is None:
        raise LookupError(kind)
    if kind == RECOVER:
        return dict(recover.rows_of([device])[0])
    if kind == GIVE_BACK:
        return dict(give_back.rows_of([device], now=now)[0])
    return loss.rows_of([device])[0] | TOLD


def _renewal(certificate: Certificate, wants: str, number: int) -> dict[str, str]:
    changes = wants != "renew"
    row = renewal_row(certificate, renews=wants in ("renew", "both"), changes=changes)
    if wants == "move":
        row |= {"new_org1": "ỦY BAN NHÂN DÂN TỈNH LAI CHÂU", "new_org2": "ỦY BAN NHÂN DÂN XÃ MỚI"}
    elif changes:
        row |= {"new_email": f"moi{number}.tanuyen@laichau.gov.vn"}
    return row


def drafted(
    people: story.Cast, kind: str, rows: Sequence[Mapping[str, str]], *, now: datetime
) -> Dossier:
    # Who moves comes to the sender (R41).
    own = {"new_org2": people.agency.name}
    rows = [{**row, **own} if row.get("new_org2") else row for row in rows]
    return story.draft_of(people, kind, rows, contact=CONTACTS.get(kind), now=now)
