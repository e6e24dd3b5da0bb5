"""A description as plain values, and what the register knows that can speak against it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.utils.translation import gettext as _

from orgmerge.planner import names
from orgmerge.planner.facts import BodyShare, KnownBody, Target
from orgmerge.vocabulary import Extent, MergerKind
from portal.agencies.levels import Level, level_of
from portal.agencies.tree import with_superiors
from portal.core.rules import Violation


@dataclass(frozen=True, slots=True)
class Described:
    """A description, and what the register knows that can speak against it.

    ``rows`` are the numbers people know the shares by; from 1 when nothing else is said.
    ``elsewhere`` says of a body which other reorganisation going on has it; ``changed_on`` when its
    newest version begins, ``filed_on`` when its newest dossier was made.
    """

    shares: Sequence[BodyShare]
    targets: Mapping[int, Target]
    bodies: Mapping[int, KnownBody]
    effective_on: date | None = None
    kind: str = ""
    rows: Sequence[int] = ()
    elsewhere: Mapping[int, str] = field(default_factory=dict)
    dissolved_on: Mapping[int, date] = field(default_factory=dict)
    changed_on: Mapping[int, date] = field(default_factory=dict)
    filed_on: Mapping[int, date] = field(default_factory=dict)

    def numbered(self) -> Iterator[tuple[int, BodyShare]]:
        """Yield each share with its row's number."""
        numbers = self.rows or range(1, len(self.shares) + 1)
        yield from zip(numbers, self.shares, strict=True)

    def by_body(self) -> dict[int, list[tuple[int, BodyShare]]]:
        """Return body → its rows."""
        found: dict[int, list[tuple[int, BodyShare]]] = {}
        for number, share in self.numbered():
            found.setdefault(share.old, []).append((number, share))
        return found

    def goes_to_itself(self, share: BodyShare) -> bool:
        """Say whether a row says that the body goes on as itself."""
        target = self.targets.get(share.new) if share.new is not None else None
        return target is not None and target.agency == share.old

    def name_of(self, body: int) -> str:
        """Return a body's name as people read it."""
        fact = self.bodies.get(body)
        return fact.name if fact else f"#{body}"

    def is_of_district(self, body: int) -> bool:
        """Say whether a body is an organ of a district, or of a city of that level."""
        upwards = with_superiors(
            body, lambda one: self.bodies[one].parent if one in self.bodies else None
        )
        known = [self.bodies[one] for one in upwards if one in self.bodies]
        if not known:
            return False
        above = [one.name for one in known[1:]]
        return level_of(known[0].name, known[0].province, above) == Level.DISTRICT

    def row_of(self, target: int) -> int | None:
        """Return the first row that leads to a target; None where none does."""
        return next((number for number, share in self.numbered() if share.new == target), None)

    def going_on(self) -> dict[int, int]:
        """Return registered body → the target that it is after the reorganisation."""
        return {
            one.agency: pk for pk, one in sorted(self.targets.items()) if one.agency is not None
        }


_DECISION = "275/BCY-CTSBMTT mục 1.1"


Check = Callable[[Described], Iterator[Violation]]
CHECKS: list[Check] = []  # in the order in which they stand below


def check(rule: Check) -> Check:
    """Have every description looked through by ``rule``."""
    CHECKS.append(rule)
    return rule


def find(
    shares: Sequence[BodyShare],
    targets: Mapping[int, Target],
    bodies: Mapping[int, KnownBody],
    **known: object,
) -> list[Violation]:
    """Return what contradicts what, by rows; ``known`` are the other columns of ``Described``."""
    described = Described(shares, targets, bodies, **known)  # type: ignore[arg-type]
    found = [violation for rule in CHECKS for violation in rule(described)]
    return sorted(found, key=lambda one: (one.row is None, one.row or 0, one.code))


@check
def bodies_are_known(described: Described) -> Iterator[Violation]:
    """A body that is not in the register has nothing to plan about: its code or name is wrong."""
    for number, share in described.numbered():
        if share.old not in described.bodies:
            yield Violation(
                "unknown_agency",
                _("Không có cơ quan này trong danh sách."),
                row=number,
                way_out=_("Đối chiếu mã hoặc tên và tỉnh; đăng ký cơ quan nếu còn thiếu."),
            )
    for pk, target in sorted(described.targets.items()):
        if target.agency is not None and target.agency not in described.bodies:
            yield Violation(
                "unknown_agency",
                _("%(name)s: cơ quan tiếp tục hoạt động không có trong danh sách.")
                % {"name": target.name},
                row=described.row_of(pk),
                way_out=_("Chọn lại cơ quan hoặc ghi là thành lập mới."),
            )


@check
def rows_differ(described: Described) -> Iterator[Violation]:
    """The same body to the same target twice says nothing new, or something else by mistake."""
    first: dict[tuple[int, int | None], int] = {}
    for number, share in described.numbered():
        earlier = first.setdefault((share.old, share.new), number)
        if earlier != number:
            yield Violation(
                "row_repeated",
                _("%(name)s: trùng với dòng %(row)d.")
                % {"name": described.name_of(share.old), "row": earlier},
                row=number,
                way_out=_("Bỏ một trong hai dòng."),
            )


@check
def whole_goes_one_way(described: Described) -> Iterator[Violation]:
    """What passes whole can't go to a second body as well, and not partly either."""
    for body, rows in described.by_body().items():
        whole = [(number, share) for number, share in rows if share.extent == Extent.WHOLE]
        targets = {share.new for _number, share in rows}
        if not whole or len(targets) < 2:  # noqa: PLR2004
            continue
        ends = [number for number, share in whole if share.new is None]
        code = "whole_to_several" if len(whole) == len(rows) else "whole_and_partly"
        message = {
            "whole_to_several": _("%(name)s: chuyển toàn bộ sang nhiều đơn vị."),
            "whole_and_partly": _("%(name)s: vừa chuyển toàn bộ vừa chuyển một phần."),
            "ends_and_goes_over": _("%(name)s: vừa chấm dứt không có kế thừa vừa chuyển sang."),
        }
        code = "ends_and_goes_over" if ends else code
        yield Violation(
            code,
            message[code] % {"name": described.name_of(body)},
            row=(ends or [number for number, _share in whole])[-1],
            way_out=_("Chia cho nhiều đơn vị thì ghi “một phần” ở mọi dòng của đơn vị đó."),
        )


@check
def parts_add_up(described: Described) -> Iterator[Violation]:
    """A part leaves the rest somewhere: in another target, or in the body that goes on. What
    becomes of a district's body is a person's choice, however few go on with it (DOMAIN 14.20)."""
    going_on = described.going_on()
    for body, rows in described.by_body().items():
        is_partly = all(share.extent == Extent.PARTLY for _number, share in rows)
        if (
            is_partly
            and len(rows) == 1
            and not described.is_of_district(body)
            and (
                body not in going_on
                or all(described.goes_to_itself(share) for _number, share in rows)
            )
        ):
            yield Violation(
                "parts_do_not_add_up",
                _("%(name)s: chỉ một phần chuyển đi mà không nói phần còn lại.")
                % {"name": described.name_of(body)},
                row=rows[0][0],
                way_out=_("Thêm dòng cho phần còn lại, hoặc ghi “toàn bộ”."),
            )


@check
def bodies_are_in_one_merger(described: Described) -> Iterator[Violation]:
    """Two reorganisations of one body at once would both ask for its certificates."""
    seen = set()
    for number, share in described.numbered():
        if share.old in described.elsewhere and share.old not in seen:
            seen.add(share.old)
            yield Violation(
                "in_another_merger",
                _("%(name)s đang nằm trong một lần sắp xếp khác: %(other)s.")
                % {
                    "name": described.name_of(share.old),
                    "other": described.elsewhere[share.old],
                },
                row=number,
                way_out=_("Hoàn thành hoặc rút lần sắp xếp kia, hoặc bỏ dòng này."),
            )


@check
def targets_stand(described: Described) -> Iterator[Violation]:
    """A→B→C in one decision: what B gets would have to go on to C on the same day. Said directly
    (A→C, B→C) it can be planned; a circle (A→B, B→A) can't be meant."""
    going_on = described.going_on()
    # Return body that is a target itself → the row by which it passes whole, and where to.
    leaving = {
        share.old: (number, share.new)
        for number, share in described.numbered()
        if share.old in going_on
        and share.new is not None
        and share.extent == Extent.WHOLE
        and not described.goes_to_itself(share)
    }
    for body, (number, onward) in leaving.items():
        target = going_on[body]
        incoming = [
            other
            for other, share in described.numbered()
            if share.new == target and share.old != body
        ]
        circle = _leads_back(body, onward, described, leaving)
        if circle:
            code, message = "circle", _("%(name)s: các đơn vị chuyển vòng quanh lẫn nhau.")
        elif incoming:
            code, message = "chain", _("%(name)s vừa tiếp nhận vừa chuyển tiếp sang nơi khác.")
        else:
            code, message = (
                "target_is_absorbed",
                _("%(name)s vừa chấm dứt vừa ghi là còn lại."),
            )
        yield Violation(
            code,
            message % {"name": described.name_of(body)},
            row=number,
            way_out=_("Ghi thẳng từ đơn vị đầu đến đơn vị cuối cùng."),
        )


def _leads_back(
    body: int, onward: int, described: Described, leaving: Mapping[int, tuple[int, int]]
) -> bool:
    seen: set[int] = set()
    target = described.targets.get(onward)
    while target is not None and target.agency is not None and target.agency not in seen:
        if target.agency == body:
            return True
        seen.add(target.agency)
        following = leaving.get(target.agency)
        target = described.targets.get(following[1]) if following else None
    return False


@check
def targets_are_told_apart(described: Described) -> Iterator[Violation]:
    """Two bodies of one name in one province can't be told apart in a certificate; one registered
    body can't become two. What bore one name before and keeps it is nothing this decision did."""
    named: dict[tuple[str, str], bool] = {}
    bodies: set[int] = set()
    for pk, target in sorted(described.targets.items()):
        place = target.key, target.province
        body = described.bodies.get(target.agency) if target.agency is not None else None
        keeps_name = body is not None and body.key == target.key
        if place in named and not (keeps_name and named[place]):
            yield Violation(
                "two_targets_of_one_name",
                _("%(name)s: hai đơn vị sau sắp xếp trùng tên trong một tỉnh.")
                % {"name": target.name},
                row=described.row_of(pk),
                way_out=_("Gộp lại nếu là một; nếu là hai, ghi tên đầy đủ để phân biệt."),
            )
        named[place] = named.get(place, True) and keeps_name
        if target.agency is not None and target.agency in bodies:
            yield Violation(
                "body_is_two_targets",
                _("%(name)s được ghi là tiếp tục hoạt động hai lần.")
                % {"name": described.name_of(target.agency)},
                row=described.row_of(pk),
                way_out=_("Giữ một đơn vị; đơn vị kia ghi là thành lập mới."),
            )
        if target.agency is not None:
            bodies.add(target.agency)


@check
def targets_come_from_something(described: Described) -> Iterator[Violation]:
    """A founded body to which nothing goes has no part in a reorganisation."""
    reached = {share.new for share in described.shares}
    for pk, target in sorted(described.targets.items()):
        if target.agency is None and pk not in reached:
            yield Violation(
                "nothing_comes",
                _("%(name)s: chưa có đơn vị nào chuyển sang.") % {"name": target.name},
                way_out=_("Thêm dòng đơn vị chuyển sang, hoặc bỏ đơn vị này."),
            )


@check
def superiors_do_not_turn_in_circles(described: Described) -> Iterator[Violation]:
    """A body can't stand above itself, through others neither."""
    above = {(one.key, one.province): one.superior for one in described.targets.values()}
    for pk, target in sorted(described.targets.items()):
        superior, seen = target.superior, {target.key}
        while superior and superior not in seen:
            seen.add(superior)
            superior = above.get((superior, target.province), "")
        if superior and superior == target.key:
            yield Violation(
                "superior_circle",
                _("%(name)s: cấp trên của đơn vị lại là chính đơn vị.") % {"name": target.name},
                row=described.row_of(pk),
                way_out=_("Sửa cơ quan cấp trên."),
            )


@check
def bodies_exist_on_the_day(described: Described) -> Iterator[Violation]:
    """What ended before the day has nothing left to transfer."""
    day = described.effective_on
    seen = set()
    for number, share in described.numbered():
        ended = described.dissolved_on.get(share.old)
        if day is not None and ended is not None and ended <= day and share.old not in seen:
            seen.add(share.old)
            yield Violation(
                "dissolved_already",
                _("%(name)s đã chấm dứt hoạt động từ %(day)s.")
                % {"name": described.name_of(share.old), "day": f"{ended:%d/%m/%Y}"},
                row=number,
                way_out=_("Bỏ dòng này, hoặc sửa ngày hiệu lực."),
            )


@check
def nothing_happened_later(described: Described) -> Iterator[Violation]:
    """A day in the past can't undo what was written since: a newer version, later dossiers."""
    day = described.effective_on
    if day is None:
        return
    for body, rows in described.by_body().items():
        goes_on = any(described.goes_to_itself(share) for _number, share in rows)
        changed, filed = described.changed_on.get(body), described.filed_on.get(body)
        name = described.name_of(body)
        if changed is not None and (changed > day or (goes_on and changed == day)):
            yield Violation(
                "changed_later",
                _("%(name)s có thay đổi đã ghi từ %(day)s, không trước ngày hiệu lực.")
                % {"name": name, "day": f"{changed:%d/%m/%Y}"},
                row=rows[0][0],
                way_out=_("Sửa ngày hiệu lực cho sau thay đổi đó."),
            )
        if filed is not None and filed >= day and not goes_on:
            yield Violation(
                "dossiers_later",
                _("%(name)s đã lập hồ sơ ngày %(day)s, khi không còn hoạt động nữa.")
                % {"name": name, "day": f"{filed:%d/%m/%Y}"},
                row=rows[0][0],
                way_out=_("Đối chiếu ngày hiệu lực trong quyết định."),
            )


@check
def kind_fits_the_names(described: Described) -> Iterator[Violation]:
    """DOMAIN 14.9: whether a name is kept is judged by the names, not by what was ticked."""
    if described.kind in ("", MergerKind.MIXED):
        return
    coming: dict[int, list[BodyShare]] = {}
    for each in described.shares:
        if each.new is not None:
            coming.setdefault(each.new, []).append(each)
    kinds = {
        pk: names.kind_of(target, coming.get(pk, ()), described.bodies)
        for pk, target in described.targets.items()
        if target.agency is not None or pk in coming
    }
    merging = {MergerKind.NAME_KEPT, MergerKind.NEW_NAME}
    for pk, found in sorted(kinds.items()):
        target = described.targets[pk]
        if described.kind not in merging or found not in merging or found == described.kind:
            continue
        code, message = "name_is_not_kept", _("%(name)s: không đơn vị cũ nào mang đúng tên này.")
        if found == MergerKind.NAME_KEPT:
            code, message = "name_is_kept", _("%(name)s: trùng tên một đơn vị cũ, là giữ tên.")
        yield Violation(
            code,
            message % {"name": target.name},
            _DECISION,
            row=described.row_of(pk),
            way_out=_("Chọn lại hình thức sắp xếp, hoặc sửa tên (cả loại: xã, phường, thị trấn)."),
        )
    is_dissolution = any(share.new is None for share in described.shares)
    has_it = described.kind in kinds.values() or (
        described.kind == MergerKind.DISSOLUTION and is_dissolution
    )
    if not has_it and described.kind not in merging:
        yield Violation(
            "kind_does_not_fit",
            _("Không dòng nào đúng với hình thức “%(kind)s”.")
            % {"kind": MergerKind(described.kind).label},
            way_out=_("Chọn lại hình thức sắp xếp, hoặc sửa các dòng."),
        )
