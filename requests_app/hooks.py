"""What dossiers add to other rooms: the search box, the work list, renewals, the calendar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.agencies.visibility import words_of_visible_bodies
from portal.ca.register import renewals
from portal.core.roles import Capability, Scope
from portal.core.text.identifiers import normalise_serial
from portal.core.web import waiting
from portal.deadlines import moves
from portal.deadlines import services as deadlines
from portal.deadlines.moves import Moved
from portal.search.finders import Finder, Hit, detail, list_with, register
from portal.search.words import matching
from requests_app.inquiries import services as inquiries
from requests_app.models import (
    CoveringLetter,
    Dossier,
    DossierItem,
    ItemWord,
    Outcome,
    ProceedingsRequest,
)
from requests_app.models.querysets import DossierQuerySet
from requests_app.official_papers import steps as official_papers
from requests_app.outside_ca import services as outside_ca
from requests_app.proceedings import services as proceedings
from requests_app.titles import headline_of
from requests_app.words import fill_rows, number_in
from requests_app.workflow import AT_THE_AGENCY, ENDED

if TYPE_CHECKING:
    from portal.accounts.models import User


def follow_calendar(moved: Sequence[Moved]) -> None:
    """A changed calendar moved deadlines: the dossiers' due days, by which lists sort, follow."""
    concerned = Dossier.objects.filter(uuid__in=[one.deadline.target_uuid for one in moved])
    concerned.update(due_on=Subquery(deadlines.next_dues(OuterRef("uuid"))[:1]))


def open_renewals(certificate: OuterRef) -> QuerySet[DossierItem]:
    """Return the rows that renew ``certificate``, were received, and are neither done nor refused.

    One that failed can be carried out again. What is back at its sender is judged anew when it
    comes again (DOMAIN 14.1), so it is not a request that was made in time.
    """
    return DossierItem.objects.filter(
        certificate=certificate, renews=True, outcome__in=[Outcome.NONE, Outcome.FAILED]
    ).exclude(dossier__state__in=AT_THE_AGENCY | ENDED)


_ROWS_OF_A_DOSSIER = 10  # that may be found before another dossier is


def _dossiers(user: User, typed: str, most: int) -> list[Hit]:
    visible = Dossier.objects.visible_to(user).read_as_sent_by(user).order_by()
    number = number_in(typed)
    if number:  # keys alone: with what the list shows of them SQLite begins with all bodies
        numbered = visible.filter(letter_number__begins=number)
        rows = dict.fromkeys(numbered.values_list("pk", flat=True)[:most], "")
    else:
        rows = _about(visible, user, typed, most)
    found = visible.filter(pk__in=rows).for_list()[:most] if rows else visible.none()
    return [
        Hit(
            title=headline_of(one),
            detail=detail(
                _("số %(number)s") % {"number": one.letter_number}
                if one.letter_number
                else _("chưa có số"),
                f"{one.letter_date:%d/%m/%Y}" if one.letter_date else "",
                "" if user.scope is Scope.BODY else one.agency.name,
                one.get_state_display(),
                rows[one.pk],
            ),
            url=reverse("requests_app:detail", args=[one.uuid]),
            is_exact=one.letter_number.upper() == number != "",
        )
        for one in found
    ]


def _about(visible: DossierQuerySet, user: User, typed: str, most: int) -> dict[int, str]:
    """Return the keys of dossiers with rows found by what is typed, and which row it is."""
    words = ItemWord.objects.all()
    if user.scope is Scope.BODY:  # a unit's dossiers are its body's
        words = words.filter(agency__in=user.body_ids)
    else:
        words = words_of_visible_bodies(words, user)
    # No join: SQLite would begin with the dossiers, and read them all.
    words = words.filter(Exists(visible.filter(items=OuterRef("item"))))
    keys: dict[int, str] = {}
    for rows in (most, most * _ROWS_OF_A_DOSSIER):
        items = matching(words, "item", typed, most=rows)
        theirs = DossierItem.objects.filter(pk__in=items).order_by("-position")
        keys = {
            dossier: _("dòng %(position)d: %(title)s") % {"position": position, "title": title}
            for dossier, position, title in theirs.values_list("dossier", "position", "title")
        }
        if len(keys) >= most or len(items) < rows:
            break
    return keys


def _covering_letters(user: User, typed: str, most: int) -> list[Hit]:
    number = number_in(typed)
    if not number:
        return []
    found = CoveringLetter.objects.visible_to(user).filter(letter_number__begins=number)
    return [
        Hit(
            title=_("Công văn số %(number)s") % {"number": one.letter_number},
            detail=detail(
                f"{one.letter_date:%d/%m/%Y}" if one.letter_date else "",
                "" if user.scope is Scope.OFFICE else one.office.name,
                one.get_stage_display(),
            ),
            url=reverse("requests_app:covering_letter", args=[one.uuid]),
            is_exact=one.letter_number.upper() == number,
        )
        for one in found.select_related("office").order_by()[:most]
    ]


def _proceedings(user: User, typed: str, most: int) -> list[Hit]:
    """Find by the number of the letter that asked, or by a serial that it names."""
    number, serial = number_in(typed), normalise_serial(typed)
    if not user.can(Capability.READ_PROCEEDINGS) or not (number or serial):
        return []
    visible = ProceedingsRequest.objects.visible_to(user)
    named = visible.filter(items__serial=serial).order_by().values("pk")
    found = visible.filter(Q(letter_number__istartswith=number) if number else Q(pk__in=named))
    return [
        Hit(
            title=_("Văn bản %(letter)s") % {"letter": one.letter_words},
            detail=detail(one.asker, one.get_state_display()),
            url=reverse("proceedings:request", args=[one.uuid]),
            is_exact=one.letter_number.upper() == number != "",
        )
        for one in found[:most]
    ]


register(
    Finder(
        place=40,
        label=gettext_lazy("Hồ sơ"),
        icon="folder-open",
        find=_dossiers,
        listed=list_with("requests_app:list"),
        fill=fill_rows,
    )
)
register(
    Finder(
        place=45,
        label=gettext_lazy("Công văn chuyển hồ sơ"),
        icon="mail",
        find=_covering_letters,
        listed=lambda _typed: reverse("requests_app:covering_letters"),
    )
)
register(
    Finder(
        place=46,
        label=gettext_lazy("Yêu cầu của cơ quan tố tụng, công an"),
        icon="scale",
        find=_proceedings,
        listed=list_with("proceedings:list"),
    )
)
moves.follow("dossier", follow_calendar, rows=Dossier.objects.order_by())
renewals.find_in(open_renewals)
waiting.find_in(inquiries.waiting_of)
waiting.find_in(proceedings.waiting_of)
waiting.find_in(official_papers.waiting_of)
waiting.find_in(outside_ca.waiting_of)
