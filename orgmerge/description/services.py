"""Describing a reorganisation: the decision, the bodies after it, who passes to whom.

Nothing here touches the register of bodies: that changes on the effective day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from orgmerge.acts import merger_act
from orgmerge.description.implied_rows import imply
from orgmerge.description.values import BodyFacts, MergerFacts
from orgmerge.edits import lock_merger, touch
from orgmerge.models import Merger, MergerBody, MergerShare
from orgmerge.vocabulary import Extent
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.agencies.rules import facts_violations
from portal.agencies.tree import with_superiors
from portal.audit import services as audit
from portal.core.roles import Capability
from portal.core.rules import Refused, Violation, refuse
from portal.core.text.vietnamese import nfc


@dataclass(frozen=True, slots=True)
class DescribedRow:
    """One registered body passing to a described one; ``new`` None: it ends."""

    old: Agency
    new: MergerBody | None
    extent: str = Extent.WHOLE


@transaction.atomic
def create_merger(
    facts: MergerFacts, *, actor: User, now: datetime, repeals: Merger | None = None
) -> Merger:
    """Open a reorganisation of the actor's office. Raises PermissionDenied or Refused."""
    if not actor.can(Capability.PREPARE_REORGANISATIONS):
        raise PermissionDenied("only an officer of an office describes a reorganisation")
    _check_days(facts)
    merger = Merger.objects.create(
        office=actor.agency,
        repeals=repeals,
        created_by=actor,
        created_at=now,
        updated_at=now,
        **_clean(facts),
    )
    merger.edited_by.add(actor)
    audit.record(merger_act("merger.create", merger), actor=actor, now=now)
    return merger


@transaction.atomic
def save_merger(
    merger: Merger, facts: MergerFacts, *, actor: User, now: datetime, version: int
) -> Merger:
    """Change what is told of the decision. Raises as ``lock_merger``, or Refused."""
    merger = lock_merger(merger, actor=actor, version=version)
    _check_days(facts)
    was = merger.effective_on
    for name, value in _clean(facts).items():
        setattr(merger, name, value)
    merger.save()
    if merger.effective_on != was:
        imply(merger)
    touch(merger, "merger.edit", actor=actor, now=now)
    return merger


@transaction.atomic
def add_body(
    merger: Merger, facts: BodyFacts, *, actor: User, now: datetime, version: int
) -> MergerBody:
    """Describe one more body; one that lives on passes to itself, so its row is added too.

    Raises as ``lock_merger``, or Refused.
    """
    merger = lock_merger(merger, actor=actor, version=version)
    _check_body(merger, facts, of=None, actor=actor)
    _forget_implied(merger, facts.agency)
    position = (merger.bodies.aggregate(last=Max("position"))["last"] or 0) + 1
    body = MergerBody.objects.create(merger=merger, position=position, **facts.columns())
    _add_own_row(merger, body)
    imply(merger)
    touch(merger, "merger.add_body", actor=actor, now=now, body=body.name)
    return body


@transaction.atomic
def save_body(
    merger: Merger, code: UUID, facts: BodyFacts, *, actor: User, now: datetime, version: int
) -> MergerBody:
    """Change a described body; one that only followed from another row is now a person's word.

    Raises as ``lock_merger``, MergerBody.DoesNotExist or Refused.
    """
    merger = lock_merger(merger, actor=actor, version=version)
    body = merger.bodies.get(uuid=code)
    _check_body(merger, facts, of=body, actor=actor)
    was = body.agency_id
    body.shares.filter(is_implied=True).update(is_implied=False)
    if facts.agency != body.agency:
        _forget_implied(merger, facts.agency)
    for name, value in facts.columns().items():
        setattr(body, name, value)
    body.save()
    if body.agency_id != was:
        body.shares.filter(old=was).delete()
        _add_own_row(merger, body)
    imply(merger)
    touch(merger, "merger.edit_body", actor=actor, now=now, body=body.name)
    return body


@transaction.atomic
def remove_body(merger: Merger, code: UUID, *, actor: User, now: datetime, version: int) -> None:
    """Take a described body out, with the rows into it.

    Raises as ``lock_merger``, MergerBody.DoesNotExist or Refused.
    """
    merger = lock_merger(merger, actor=actor, version=version)
    body = merger.bodies.get(uuid=code)
    if body.shares.filter(is_implied=True).exists():
        raise _implied()
    name = body.name
    body.shares.all().delete()
    body.delete()
    imply(merger)
    touch(merger, "merger.remove_body", actor=actor, now=now, body=name)


@transaction.atomic
def add_row(
    merger: Merger, row: DescribedRow, *, actor: User, now: datetime, version: int
) -> MergerShare:
    """Say where a registered body goes. Raises as ``lock_merger``, or Refused."""
    merger = lock_merger(merger, actor=actor, version=version)
    if not merger.bodies_followed().filter(pk=row.old.pk).exists():
        violations = [not_followed(row.old)]
    elif merger.shares.filter(old=row.old, new=row.new, is_implied=False).exists():
        violations = [
            Violation("row_twice", _("%(name)s đã có ở dòng này.") % {"name": row.old.name})
        ]
    else:
        violations = []
    if violations:
        raise Refused(*violations)
    _forget_implied(merger, row.old)
    position = (merger.shares.aggregate(last=Max("position"))["last"] or 0) + 1
    share = MergerShare.objects.create(
        merger=merger, position=position, old=row.old, new=row.new, extent=row.extent
    )
    imply(merger)
    touch(merger, "merger.add_row", actor=actor, now=now, old=row.old.name)
    return share


@transaction.atomic
def save_row(
    merger: Merger, position: int, *, extent: str, actor: User, now: datetime, version: int
) -> MergerShare:
    """Say how much of a body is transferred.

    Raises as ``lock_merger``, or MergerShare.DoesNotExist.
    """
    merger = lock_merger(merger, actor=actor, version=version)
    share = merger.shares.select_related("old").get(position=position)
    share.extent = extent
    share.is_implied = False
    share.save(update_fields=["extent", "is_implied"])
    imply(merger)
    touch(merger, "merger.edit_row", actor=actor, now=now, old=share.old.name)
    return share


@transaction.atomic
def remove_row(merger: Merger, position: int, *, actor: User, now: datetime, version: int) -> None:
    """Take a row out. Raises as ``lock_merger``, MergerShare.DoesNotExist or Refused."""
    merger = lock_merger(merger, actor=actor, version=version)
    share = merger.shares.select_related("old", "new").get(position=position)
    if share.is_implied:
        raise _implied()
    if share.new is not None and share.new.agency_id == share.old_id:
        raise refuse(
            "row_is_its_own",
            _("Đơn vị tiếp tục hoạt động nên dòng về chính nó không bỏ riêng được."),
            way_out=_("Bỏ đơn vị khỏi phương án, hoặc sửa thành đơn vị thành lập mới."),
        )
    share.delete()
    imply(merger)
    touch(merger, "merger.remove_row", actor=actor, now=now, old=share.old.name)


def _clean(facts: MergerFacts) -> dict[str, object]:
    note = facts.note.strip()
    columns = {
        name: nfc(value) if isinstance(value, str) else value
        for name, value in facts.columns().items()
    }
    return columns | {"note": note}


def _check_days(facts: MergerFacts) -> None:
    if facts.effective_on < facts.decided_on:
        raise refuse(
            "effective_before_decided",
            _("Ngày hiệu lực phải từ ngày quyết định trở đi."),
            way_out=_("Kiểm tra lại hai ngày ghi trong quyết định."),
        )


def _check_body(merger: Merger, facts: BodyFacts, *, of: MergerBody | None, actor: User) -> None:
    violations = list(facts_violations(facts.facts)) if facts.parent_body is None else []
    if facts.agency is not None:
        violations += _agency_violations(merger, facts.agency, of=of, actor=actor)
    if (
        facts.parent_body is not None
        and of is not None
        and of in with_superiors(facts.parent_body, attrgetter("parent_body"))
    ):
        violations.append(Violation("parent_cycle", _("Một đơn vị không thể trực thuộc chính nó.")))
    if violations:
        raise Refused(*violations)


def _agency_violations(
    merger: Merger, agency: Agency, *, of: MergerBody | None, actor: User
) -> list[Violation]:
    if not merger.bodies_followed().filter(pk=agency.pk).exists():
        return [not_followed(agency)]
    others = merger.bodies.filter(agency=agency).exclude(shares__is_implied=True)
    if others.exclude(pk=of.pk if of else 0).exists():
        return [
            Violation(
                "body_twice",
                _("%(name)s đã có trong phương án này.") % {"name": agency.name},
                way_out=_("Sửa đơn vị đã có thay vì thêm lần nữa."),
            )
        ]
    return []


def not_followed(agency: Agency) -> Violation:
    """Return what is said of a body that another office follows."""
    return Violation(
        "not_followed",
        _("%(name)s không thuộc phạm vi theo dõi của các Sở lập phương án này.")
        % {"name": agency.name},
        way_out=_("Kiểm tra lại tên, hoặc mời Sở theo dõi đơn vị ấy cùng lập phương án."),
    )


def _forget_implied(merger: Merger, old: Agency | None) -> None:
    """What a person says of a body takes the place of what followed from another row."""
    if old is None:
        return
    bodies = list(merger.shares.filter(old=old, is_implied=True).values_list("new_id", flat=True))
    merger.shares.filter(old=old, is_implied=True).delete()
    merger.bodies.filter(pk__in=bodies, shares=None).delete()


def _add_own_row(merger: Merger, body: MergerBody) -> None:
    if body.agency is None:
        return
    position = (merger.shares.aggregate(last=Max("position"))["last"] or 0) + 1
    MergerShare.objects.get_or_create(
        merger=merger, old=body.agency, new=body, defaults={"position": position}
    )


def _implied() -> Refused:
    return refuse(
        "row_follows",
        _("Dòng này suy ra từ việc cơ quan cấp trên chấm dứt hoặc đổi tên nên không bỏ được."),
        way_out=_("Sửa cơ quan cấp trên của đơn vị, hoặc bỏ dòng về cơ quan cấp trên cũ."),
    )
