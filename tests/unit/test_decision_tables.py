"""The decision tables of DOMAIN 4 and 14 as far as the planner decides: a row a sentence.

Each row stands for a real shape; places may be real, people and numbers are made up. What is
expected of a thing is its action, the form, the reason, and "open" where a person decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import NamedTuple, TypeAlias

import pytest

from orgmerge.planner.codes import Warn
from orgmerge.planner.facts import BodyShare, Decided, PlannerLine, Reply
from orgmerge.vocabulary import Extent, LineAction, ReviewAnswer
from tests.orgmerge.worlds import PROVINCE, SUPERIOR, Making, seen

Expected: TypeAlias = Mapping[int, str]
Shape: TypeAlias = Callable[[Making], Expected]


class Row(NamedTuple):
    """A rule, its sentence with the real shape that taught it, and the world with what comes."""

    rule: str
    sentence: str
    shape: Shape


ROWS: list[Row] = []


def row(rule: str, sentence: str) -> Callable[[Shape], Shape]:
    """Put a shape into the table."""

    def put(shape: Shape) -> Shape:
        ROWS.append(Row(rule, sentence, shape))
        return shape

    return put


def words(line: PlannerLine) -> str:
    """Return a line as the table writes it."""
    parts = (str(line.action), line.form, str(line.reason), "open" if line.is_open else "")
    return " ".join(filter(None, parts))


HANDED_OVER = "hand_over to_new_clerk"


def merged(making: Making, name: str = "UBND xã Tân Uyên") -> tuple[int, int, int]:
    """Two communes become one with a new name: (first, second, target)."""
    first, second = making.body("UBND xã Trung Đồng"), making.body("UBND thị trấn Tân Uyên")
    return first, second, making.target(name, first, second)


def divided(making: Making, *names: str, name: str = "UBND xã Nậm Sỏ") -> tuple[int, ...]:
    """A commune divided among ``names``: (old, targets …)."""
    old = making.body(name)
    return old, *(making.target(one, old, extent=Extent.PARTLY) for one in names)


def of_province(making: Making, name: str, province: str, parent: int | None = None) -> int:
    """A body of another province than the usual one."""
    return making.body(name, parent=parent, province=province)


# 4.1, 14.9: certificates of organisations


@row("M1", "several, a new name: one takes it, the rest end (Trung Đồng + Tân Uyên)")
def _(making: Making) -> Expected:
    first, second, target = merged(making)
    long, short = making.certificate(first, days=900), making.certificate(second, days=400)
    making.chosen[target] = long
    return {
        long: "change 04 survivor",
        short: "revoke 05 merged",
        target: "keep has_certificate",
        making.device_of(long): HANDED_OVER,
        making.device_of(short): "return 08 after_revocation",
    }


@row("M1", "until a person chooses, the first is proposed and all of it is open")
def _(making: Making) -> Expected:
    first, second, target = merged(making)
    long, short = making.certificate(first, days=900), making.certificate(second, days=400)
    return {
        long: "change 04 survivor open",
        short: "revoke 05 merged open",
        target: "keep has_certificate open",
    }


@row("14.9", "another type is another name (thị trấn Tân Uyên → xã Tân Uyên)")
def _(making: Making) -> Expected:
    _first, second, target = merged(making)
    certificate = making.certificate(second)
    making.chosen[target] = certificate
    return {certificate: "change 04 survivor"}


@row("M2", "a kept name keeps its certificate, the others end (phường Đoàn Kết)")
def _(making: Making) -> Expected:
    kept, other = making.body("UBND phường Đoàn Kết"), making.body("UBND phường Quyết Tiến")
    target = making.target("UBND phường Đoàn Kết", kept, other, agency=kept)
    mine, theirs = making.certificate(kept, days=100), making.certificate(other, days=900)
    return {mine: "keep name_kept", theirs: "revoke 05 merged", target: "keep has_certificate"}


@row("M2", "the name tells, though nobody said who goes on, in full or in short")
def _(making: Making) -> Expected:
    kept, other = making.body("Ủy ban nhân dân phường Đoàn Kết"), making.body("UBND xã Sùng Phài")
    making.target("UBND Phường Đoàn Kết", kept, other)
    mine, theirs = making.certificate(kept), making.certificate(other)
    return {mine: "keep name_kept", theirs: "revoke 05 merged"}


@row("M2+M3", "the kept one that still names its district is changed (Pắc Ta, huyện Tân Uyên)")
def _(making: Making) -> Expected:
    kept, other = making.body("UBND xã Pắc Ta"), making.body("UBND xã Hố Mít")
    making.target("UBND xã Pắc Ta", kept, other, agency=kept)
    mine = making.certificate(kept, also=(SUPERIOR, "Ủy ban nhân dân huyện Tân Uyên"))
    return {mine: "change 04 superior_changes"}


@row("M2", "of two old bodies of the kept name a person chooses (two phường 1)")
def _(making: Making) -> Expected:
    one, two = making.body("UBND phường 1"), making.body("UBND Phường 1")
    making.target("UBND phường 1", one, two)
    long, short = making.certificate(one, days=900), making.certificate(two, days=400)
    return {long: "keep name_kept open", short: "revoke 05 merged open"}


@row("M3", "a new superior that shows is changed (a school from one Sở to another)")
def _(making: Making) -> Expected:
    old = making.body("Sở Giáo dục cũ")
    school = making.body("Trường THPT Tân Uyên", parent=old)
    making.target("Trường THPT Tân Uyên", school, agency=school, superior="Sở Giáo dục mới")
    shows = making.certificate(school, also=("Sở Giáo dục cũ",))
    return {shows: "change 04 superior_changes"}


@row("M3, not shown", "a new superior that does not show changes nothing")
def _(making: Making) -> Expected:
    old = making.body("Sở Giáo dục cũ")
    school = making.body("Trường THPT Tân Uyên", parent=old)
    making.target("Trường THPT Tân Uyên", school, agency=school, superior="Sở Giáo dục mới")
    return {making.certificate(school, also=()): "keep nothing_changes"}


@row("M4", "a split revokes, each successor asks for its first (a Sở into two)")
def _(making: Making) -> Expected:
    old, one, two = divided(making, "Sở Xây dựng", "Sở Công Thương", name="Sở Kinh tế")
    certificate = making.certificate(old)
    return {
        certificate: "revoke 05 split",
        making.device_of(certificate): "return 08 after_revocation",
        one: "issue 02 split_successor",
        two: "issue 02 split_successor",
    }


@row("M4", "a dissolved body's certificate is revoked (Ban quản lý dự án)")
def _(making: Making) -> Expected:
    old = making.body("Ban quản lý dự án")
    making.dissolve(old)
    return {making.certificate(old): "revoke 05 dissolved"}


@row("M5", "a renamed body's is changed without a choice (Sở TT&TT → Sở KH&CN)")
def _(making: Making) -> Expected:
    body = making.body("Sở Thông tin và Truyền thông")
    target = making.target("Sở Khoa học và Công nghệ", body, agency=body)
    certificate = making.certificate(body)
    return {certificate: "change 04 agency_renamed", target: "keep has_certificate"}


# 4.2: which one lives on


@row("4.2", "none has 30 days: a new one, and 05 for what is still valid")
def _(making: Making) -> Expected:
    first, second, target = merged(making)
    valid, expired = making.certificate(first, days=29), making.certificate(second, days=-5)
    return {
        target: "issue 02 none_has_30_days",
        valid: "revoke 05 merged",
        expired: "keep expired",
    }


@row("4.2", "all expired: a new one, the devices come back")
def _(making: Making) -> Expected:
    first, _second, target = merged(making)
    expired = making.certificate(first, days=-1)
    return {
        target: "issue 02 all_expired",
        making.device_of(expired): "return 08 after_expiry",
    }


@row("4.2", "the chosen one's device is locked: recovered first")
def _(making: Making) -> Expected:
    first, _second, target = merged(making)
    certificate = making.certificate(first, condition="locked")
    making.chosen[target] = certificate
    return {making.device_of(certificate): "recover 06 locked_before_change"}


@row("4.2", "the chosen one's device is lost: 05 and 09, another is to be chosen")
def _(making: Making) -> Expected:
    first, second, target = merged(making)
    lost, good = making.certificate(first, condition="lost"), making.certificate(second)
    making.chosen[target] = lost
    return {
        good: "change 04 survivor open",
        lost: "revoke 05 merged open",
        making.device_of(lost): "report_loss 09 device_lost open",
    }


@row("4.2", "no absorbed body had one: Mẫu 02, the first time")
def _(making: Making) -> Expected:
    _first, _second, target = merged(making)
    return {target: "issue 02 first_certificate"}


@row("4.2", "a person may want a new one instead")
def _(making: Making) -> Expected:
    first, _second, target = merged(making)
    certificate = making.certificate(first)
    making.chosen[target] = 0
    return {target: "issue 02 chosen_none", certificate: "revoke 05 merged"}


# 4.4: individuals, systems


def of_merged(making: Making, **columns: object) -> int:
    """Somebody's certificate of a body that merges under a new name."""
    return making.person(merged(making)[0], **columns)


def answered(making: Making, certificate: int, answer: str, **columns: object) -> None:
    making.replies["certificate", certificate] = Reply(answer, **columns)  # type: ignore[arg-type]


@row("4.4", "the agency in it ends, the need goes on: 04 by the new body")
def _(making: Making) -> Expected:
    certificate = of_merged(making)
    return {
        certificate: "change 04 agency_renamed",
        making.device_of(certificate): "keep stays_with_certificate",
        making.holder_of(certificate): "hand_over goes_over",
    }


@row("4.4", "the mailbox ends with the old province: 04 (yenbai.gov.vn)")
def _(making: Making) -> Expected:
    body = making.body("Sở Y tế", domain="yenbai.gov.vn")
    making.target("Sở Y tế", body, agency=body, domain="laocai.gov.vn")
    return {making.person(body): "change 04 email_changes"}


@row("4.4", "the need ends: 05, the device back")
def _(making: Making) -> Expected:
    certificate = of_merged(making)
    answered(making, certificate, ReviewAnswer.NOT_NEEDED)
    return {
        certificate: "revoke 05 need_ended",
        making.device_of(certificate): "return 08 after_revocation",
    }


@row("4.4", "retired or left: 05, the device back")
def _(making: Making) -> Expected:
    certificate = of_merged(making)
    answered(making, certificate, ReviewAnswer.LEFT)
    return {certificate: "revoke 05 person_left"}


@row("4.4", "moves to another body of the decision: that one files 04")
def _(making: Making) -> Expected:
    certificate = of_merged(making)
    other = making.target("Sở Nội vụ", making.body("Sở Nội vụ cũ"))
    answered(making, certificate, ReviewAnswer.MOVES, to=other)
    return {certificate: "change 04 moves", making.holder_of(certificate): "hand_over moves"}


@row("4.4", "moves to a state body outside: kept, that body changes it")
def _(making: Making) -> Expected:
    certificate = of_merged(making)
    answered(making, certificate, ReviewAnswer.MOVES)
    return {certificate: "keep moves_outside"}


@row("4.4", "only the position changes, and it does not show: nothing")
def _(making: Making) -> Expected:
    body = making.body("Sở Y tế")
    making.target("Sở Y tế", body, agency=body)
    certificate = making.person(body)
    answered(making, certificate, ReviewAnswer.CONTINUES, position="Phó Giám đốc")
    return {certificate: "keep nothing_changes"}


@row("4.4", "30 days left are enough for 04, 29 are not: a new one, the old ends by itself")
def _(making: Making) -> Expected:
    enough, late = (making.person(body, days=30 - n) for n, body in enumerate(merged(making)[:2]))
    return {
        enough: "change 04 agency_renamed",
        late: "issue 01 too_late_to_change",
        making.device_of(late): "return 08 replaced",
    }


@row("4.4", "a system whose owner is renamed is changed; that stops operating, revoked")
def _(making: Making) -> Expected:
    first, second, _target = merged(making)
    goes_on = making.certificate(first, "system", storage="soft")
    stops = making.certificate(second, "system", storage="soft")
    answered(making, stops, ReviewAnswer.NOT_NEEDED)
    return {goes_on: "change 04 agency_renamed", stops: "revoke 05 stops_operating"}


# 4.5: devices


@row("4.5", "the device was not found: 09 at once, 05, and a new one where it is needed")
def _(making: Making) -> Expected:
    certificate = of_merged(making)
    answered(making, certificate, ReviewAnswer.DEVICE_NOT_FOUND)
    return {
        certificate: "revoke 05 device_lost",
        making.device_of(certificate): "report_loss 09 device_lost",
        making.holder_of(certificate): "issue 01 need_without_certificate",
    }


@row("4.5", "the device is damaged: 05, back, a new one")
def _(making: Making) -> Expected:
    certificate = of_merged(making, condition="damaged")
    return {
        certificate: "revoke 05 device_damaged",
        making.device_of(certificate): "return 08 after_revocation",
        making.holder_of(certificate): "issue 01 need_without_certificate",
    }


@row("4.5", "a device without a certificate is counted and handed over")
def _(making: Making) -> Expected:
    return {making.device(merged(making)[0]): "hand_over not_in_use"}


# 14.8: open dossiers


@row("14.8", "01 to 04 in the old name are stopped and filed anew, 05 to 09 go on")
def _(making: Making) -> Expected:
    body, _second, _target = merged(making)
    anew = {
        making.dossier(body, form): f"refile {form} old_name" for form in ("01", "02", "03", "04")
    }
    on = {
        making.dossier(body, f"0{number}"): "hand_over goes_on_under_successor"
        for number in range(5, 10)
    }
    executing = making.dossier(body, "04", state="executing")
    return anew | on | {executing: "hand_over being_executed"}


# 14.17: a divided body whose name one successor keeps


@row("14.17", "its certificate is proposed to stay with the namesake (xã Nậm Sỏ, 68 in 2025)")
def _(making: Making) -> Expected:
    old, keeper, other = divided(making, "UBND xã Nậm Sỏ", "UBND xã Tân Uyên")
    certificate, person = making.certificate(old), making.person(old)
    return {
        certificate: "keep namesake open",
        making.device_of(certificate): f"{HANDED_OVER} open",
        keeper: "keep has_certificate open",
        other: "issue 02 split_successor",
        person: "keep nothing_changes",
        making.holder_of(person): "hand_over goes_over",
    }


@row("14.17", "changed where it names the district that ended (M3)")
def _(making: Making) -> Expected:
    old, *_targets = divided(making, "UBND xã Nậm Sỏ", "UBND xã Tân Uyên")
    certificate = making.certificate(old, also=(SUPERIOR, "UBND huyện Tân Uyên"))
    return {certificate: "change 04 namesake open"}


@row("14.17", "a person says keep: it is kept; another says revoke: the namesake asks for one")
def _(making: Making) -> Expected:
    old, one, _other = divided(making, "UBND xã Nậm Sỏ", "UBND xã Tân Uyên")
    second, two, _more = divided(making, "UBND xã Pắc Ta", "UBND xã Hố Mít", name="UBND xã Pắc Ta")
    kept, ended = making.certificate(old), making.certificate(second)
    making.decided["certificate", kept] = Decided(LineAction.KEEP)
    making.decided["certificate", ended] = Decided(LineAction.REVOKE)
    return {
        kept: "keep settled",
        making.device_of(kept): HANDED_OVER,
        one: "keep has_certificate",
        ended: "revoke 05 settled",
        two: "issue 02 split_successor",
    }


@row("14.17", "whoever merges whole into the namesake ends after it (M2)")
def _(making: Making) -> Expected:
    old, keeper, _other = divided(making, "UBND xã Nậm Sỏ", "UBND xã Tân Uyên")
    whole = making.body("UBND xã Mường Khoa")
    making.shares.append(BodyShare(whole, keeper))
    mine, theirs = making.certificate(old), making.certificate(whole, days=900)
    return {mine: "keep namesake open", theirs: "revoke 05 merged open"}


@row("14.17", "two successors of the name, or two old bodies: nobody is proposed (two Tân Lập)")
def _(making: Making) -> Expected:
    old = making.body("UBND xã Tân Lập")
    for province in (PROVINCE, "Tỉnh Sơn La"):
        making.target("UBND xã Tân Lập", old, province=province, extent=Extent.PARTLY)
    one, two = making.body("UBND xã Bản Bo"), making.body("UBND xã Bản Bo")
    for name in ("UBND xã Bản Bo", "UBND xã Bình Lư"):
        making.target(name, one, two, extent=Extent.PARTLY)
    return dict.fromkeys(map(making.certificate, (old, one, two)), "settle body_split open")


@row("14.17", "it goes on as itself while a part leaves: kept is proposed (Sở Nội vụ, Sở Dân tộc)")
def _(making: Making) -> Expected:
    old = making.body("Sở Nội vụ")
    own = making.target("Sở Nội vụ", old, agency=old, extent=Extent.PARTLY)
    making.target("Sở Dân tộc", old, extent=Extent.PARTLY)
    certificate, person = making.certificate(old), making.person(old)
    return {
        certificate: "keep namesake open",
        making.device_of(certificate): "keep stays_with_certificate open",
        own: "keep has_certificate open",
        person: "keep nothing_changes",
    }


@row("14.17", "the review says otherwise: the person goes where it says")
def _(making: Making) -> Expected:
    old, _keeper, other = divided(making, "UBND xã Nậm Sỏ", "UBND xã Tân Uyên")
    person = making.person(old)
    answered(making, person, ReviewAnswer.MOVES, to=other)
    return {person: "change 04 moves", making.holder_of(person): "hand_over moves"}


@row("14.17", "none bears the name: people are left to a person")
def _(making: Making) -> Expected:
    old, *_targets = divided(making, "UBND xã Một", "UBND xã Hai")
    person = making.person(old)
    return {
        person: "settle body_split open",
        making.device_of(person): "settle follows_certificate open",
        making.holder_of(person): "settle follows_certificate open",
    }


# 14.18: several certificates of one person


def two_of_one(making: Making, first: Mapping[str, object], second: Mapping[str, object]) -> tuple:  # type: ignore[type-arg]
    """Two certificates of one person of a body that merges."""
    body, other, _target = merged(making)
    one = making.person(body, **first)
    return one, making.person(other, subscriber=making.holder_of(one), **second)


SECOND = "revoke 05 second_certificate open"


@row("14.18", "on a device before central signing, though that lasts longer (token and RSSP)")
def _(making: Making) -> Expected:
    token, rssp = two_of_one(making, {"days": 400}, {"days": 900, "storage": "rssp"})
    return {token: "change 04 agency_renamed", rssp: SECOND}


@row("14.18", "of two on devices the later end (a token of each commune; a SIM beside it)")
def _(making: Making) -> Expected:
    short, sim = two_of_one(making, {"days": 400}, {"days": 900, "storage": "sim"})
    return {short: SECOND, sim: "change 04 agency_renamed"}


@row("14.18", "both stay where a person says so; what ends in them is changed")
def _(making: Making) -> Expected:
    token, rssp = two_of_one(making, {}, {"storage": "rssp"})
    making.decided["certificate", rssp] = Decided(LineAction.KEEP)
    return {token: "change 04 agency_renamed", rssp: "change 04 agency_renamed"}


@row("14.18", "a person says that the other one ends: this one stays without another question")
def _(making: Making) -> Expected:
    token, rssp = two_of_one(making, {}, {"storage": "rssp"})
    making.decided["certificate", token] = Decided(LineAction.REVOKE)
    return {token: "revoke 05 second_certificate", rssp: "change 04 agency_renamed"}


@row("14.2", "one that was replaced and has under 30 days ends by itself")
def _(making: Making) -> Expected:
    old, new = two_of_one(making, {"days": 10}, {"days": 1800})
    return {old: "keep ends_by_itself", new: "change 04 agency_renamed"}


# 14.19: a title in the subject


@row("14.19", "04 leaves the title; whether it fits is asked (Chủ tịch of a merged commune)")
def _(making: Making) -> Expected:
    return {of_merged(making, shows_title=True): "change 04 title_stays open"}


@row("14.19", "a person says that it fits: 04")
def _(making: Making) -> Expected:
    certificate = of_merged(making, shows_title=True)
    making.decided["certificate", certificate] = Decided(LineAction.KEEP)
    return {certificate: "change 04 agency_renamed"}


@row("14.19", "the review tells a new position, or the office says no: 05 and a new issue")
def _(making: Making) -> Expected:
    first, second, _target = merged(making)
    told, said = (making.person(body, shows_title=True) for body in (first, second))
    answered(making, told, ReviewAnswer.CONTINUES, position="Phó Chủ tịch")
    making.decided["certificate", said] = Decided(LineAction.ISSUE)
    return {
        told: "revoke 05 title_no_longer_fits",
        making.holder_of(told): "issue 01 need_without_certificate",
        said: "revoke 05 title_no_longer_fits",
        making.holder_of(said): "issue 01 need_without_certificate",
    }


@row("14.19", "nothing else changes and nobody said that the title did: kept")
def _(making: Making) -> Expected:
    body = making.body("Sở Y tế")
    making.target("Sở Y tế", body, agency=body)
    return {making.person(body, shows_title=True): "keep nothing_changes"}


# 14.20: districts


@row("14.20", "whole to one: proposed and open (huyện Côn Đảo → đặc khu Côn Đảo)")
def _(making: Making) -> Expected:
    island = making.body("UBND huyện Côn Đảo")
    target = making.target("UBND đặc khu Côn Đảo", island)
    certificate, person = making.certificate(island), making.person(island)
    return {
        certificate: "change 04 survivor open",
        target: "keep has_certificate open",
        person: "change 04 district open",
        making.holder_of(person): "hand_over follows_certificate open",
        making.subscriber(island): "hand_over district open",
        making.device(island): "hand_over district open",
        making.dossier(island, "05"): "hand_over district open",
    }


@row("14.20", "to a commune that keeps its name: revoked is proposed and open (thị xã Tân Uyên)")
def _(making: Making) -> Expected:
    commune, district = making.body("UBND phường Tân Uyên"), making.body("UBND thị xã Tân Uyên")
    making.target("UBND phường Tân Uyên", commune, district)
    mine, theirs = making.certificate(commune), making.certificate(district)
    return {mine: "keep name_kept", theirs: "revoke 05 district open"}


@row("14.20", "divided: what it has is open, its own certificate too")
def _(making: Making) -> Expected:
    old, *_targets = divided(making, "UBND xã Một", "UBND xã Hai", name="UBND huyện Tân Uyên")
    certificate, person = making.certificate(old), making.person(old)
    return {certificate: "revoke 05 district open", person: "settle body_split open"}


@row("14.20", "a city under a province, and a room of it, are of the district (Bắc Ninh)")
def _(making: Making) -> Expected:
    province = of_province(making, "UBND tỉnh Bắc Ninh", "Bắc Ninh")
    city = of_province(making, "UBND thành phố Bắc Ninh", "Bắc Ninh", province)
    room = of_province(making, "Phòng Tư pháp", "Bắc Ninh", city)
    making.target("UBND phường Kinh Bắc", city, room, province="Bắc Ninh")
    return dict.fromkeys(map(making.person, (city, room)), "change 04 district open")


@row("14.20", "a person says so: it goes on, or ends")
def _(making: Making) -> Expected:
    district, other = making.body("UBND huyện Tân Uyên"), making.body("UBND xã Thân Thuộc")
    making.target("UBND xã Tân Uyên", district, other)
    stays, ends = making.person(district), making.person(district)
    making.decided["certificate", stays] = Decided(LineAction.KEEP)
    making.decided["certificate", ends] = Decided(LineAction.REVOKE)
    return {
        stays: "change 04 agency_renamed",
        making.holder_of(stays): "hand_over goes_over",
        ends: "revoke 05 need_ended",
    }


# 14.21: offices without a seal


@row("14.21", "an office ends with its body, its people pass to the successor (Văn phòng)")
def _(making: Making) -> Expected:
    body, _second, target = merged(making)
    office = making.body("Văn phòng", parent=body, has_seal=False)
    own = making.target("Văn phòng", agency=office)
    making.shares.append(BodyShare(office, own, is_implied=True))
    certificate = making.person(office, also=(SUPERIOR, "UBND xã Trung Đồng"))
    assert seen(making).certificate(certificate).sender == target
    assert Warn.UNIT_ENDS in seen(making).certificate(certificate).warnings
    return {
        own: "keep unit_ends",
        certificate: "change 04 superior_changes",
        making.holder_of(certificate): "hand_over goes_over",
    }


@row("14.21", "where its body goes on, the office does")
def _(making: Making) -> Expected:
    body = making.body("Sở Thông tin và Truyền thông")
    making.target("Sở Khoa học và Công nghệ", body, agency=body)
    office = making.body("Văn phòng", parent=body, has_seal=False)
    certificate = making.person(office, also=("Sở Thông tin và Truyền thông",))
    return {certificate: "change 04 superior_changes"}


# 5.2, 14.23: provinces


@row("14.23", "a tỉnh becomes a city: its body, a Sở and a commune are changed (Đồng Nai 2026)")
def _(making: Making) -> Expected:
    name = "UBND tỉnh Đồng Nai"
    top = of_province(making, name, "Đồng Nai")
    health = of_province(making, "Sở Y tế", "Đồng Nai", top)
    commune = of_province(making, "UBND xã An Phước", "Đồng Nai", top)
    city = "UBND thành phố Đồng Nai"
    making.target(city, top, agency=top, superior="", province="Đồng Nai")
    for body in (health, commune):
        own = making.bodies[body].name
        making.target(own, body, agency=body, superior=city, province="Đồng Nai")
    certificate = making.certificate(top, also=())
    below = [making.certificate(body, also=(name,)) for body in (health, commune)]
    unnamed = making.certificate(commune, also=())
    return {
        certificate: "change 04 agency_renamed",
        unnamed: "keep nothing_changes",
    } | dict.fromkeys(below, "change 04 superior_changes")


@row("M3", "L with the kind that ended is changed, L with the name alone is not (Đồng Nai)")
def _(making: Making) -> Expected:
    city = of_province(making, "UBND tỉnh Đồng Nai", "Tỉnh Đồng Nai")
    body = of_province(making, "Sở Y tế", "Tỉnh Đồng Nai", city)
    new = "UBND thành phố Đồng Nai"
    making.target(new, city, agency=city, superior="", province="Thành phố Đồng Nai")
    making.target("Sở Y tế", body, agency=body, superior=new, province="Thành phố Đồng Nai")
    return {
        making.certificate(body, also=("Tỉnh Đồng Nai",)): "change 04 province_changes",
        making.certificate(body, also=()): "keep nothing_changes",
    }


@row("M3", "L that names a province that ended is changed, also of a kept commune (Bạc Liêu)")
def _(making: Making) -> Expected:
    kept, other = (of_province(making, f"UBND phường {n}", "Tỉnh Bạc Liêu") for n in (1, 2))
    making.target("UBND phường 1", kept, other, agency=kept, province="Tỉnh Cà Mau")
    return {making.certificate(kept, also=()): "change 04 province_changes"}


@row("14.23", "a province merged into another under a city's name is not the old district city")
def _(making: Making) -> Expected:
    giang, ninh = (of_province(making, f"UBND tỉnh Bắc {n}", f"Bắc {n}") for n in ("Giang", "Ninh"))
    old_city = of_province(making, "UBND thành phố Bắc Ninh", "Bắc Ninh", ninh)
    new = making.target(
        "UBND thành phố Bắc Ninh", giang, ninh, agency=ninh, superior="", province="Bắc Ninh"
    )
    making.shares.append(BodyShare(old_city, new))
    mine, theirs = making.certificate(ninh, days=900), making.certificate(giang)
    district = making.certificate(old_city, days=400)
    making.chosen[new] = mine
    return {
        mine: "change 04 survivor",
        theirs: "revoke 05 merged",
        district: "revoke 05 merged",
    }


@row("9", "before the districts ended a certificate that names one stands (30/6/2025)")
def _(making: Making) -> Expected:
    making.day = date(2025, 6, 30)
    body = making.body("UBND xã Pắc Ta")
    making.target("UBND xã Pắc Ta", body, agency=body)
    certificate = making.certificate(body, also=(SUPERIOR, "UBND huyện Tân Uyên"))
    return {certificate: "keep nothing_changes"}


@pytest.mark.parametrize("one", ROWS, ids=[f"{one.rule}: {one.sentence}" for one in ROWS])
def test_what_the_tables_say(one: Row) -> None:
    making = Making()
    expected = one.shape(making)

    found = {line.pk: words(line) for line in making.plan().lines}

    assert {pk: found[pk] for pk in expected} == expected
