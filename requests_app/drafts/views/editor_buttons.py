"""What the editor's buttons do, after what was typed has been kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.ca.pki import csr
from portal.core.database.conflicts import repeated
from portal.core.database.fields import decrypt, encrypt
from portal.core.rules import Refused, Violation
from portal.core.text.numbers import typed_number, with_dots
from requests_app import kinds
from requests_app.drafts import cells, profile
from requests_app.drafts.services import (
    add_row,
    duplicate_row,
    import_rows,
    move_row,
    remove_row,
    save_rows,
)
from requests_app.errors import StaleVersion
from requests_app.kinds import key_requests
from requests_app.kinds.base import Answers, Kind
from requests_app.models import Dossier, DossierItem

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

_REMOVED = "removed_row"  # in the session, sealed: the last row taken out can be put back


@dataclass(slots=True)
class Draft:
    """A draft in one person's hands: each change is made at the version the last one left."""

    dossier: Dossier
    actor: User
    now: datetime
    version: int

    @property
    def kind(self) -> Kind:
        return kinds.get(self.dossier.kind)

    def call(self, service: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Call a service of drafting; each of them moves the version on by one."""
        call = partial(
            service,
            self.dossier,
            *arguments,
            actor=self.actor,
            now=self.now,
            version=self.version,
            **options,
        )
        result = repeated(call)  # what a request kept before it stands
        self.version += 1
        return result

    def new_row(self) -> dict[str, str]:
        """Return how a row that is added begins."""
        return profile.new_row(self.dossier, today=timezone.localdate(self.now))

    def keep(self, typed: Mapping[UUID, Answers]) -> None:
        """Keep the cells that differ; a stale form is refused even when it changes nothing."""
        items = list(self.dossier.items.filter(uuid__in=list(typed)))
        if changed := cells.changes(items, typed):
            self.call(save_rows, changed)
        elif self.dossier.version != self.version:
            raise StaleVersion(seen=self.version, current=self.dossier.version)

    def read_files(self, files: MultiValueDict[str, UploadedFile[bytes]]) -> None:
        """Put the PKCS#10 requests of the chosen files into their rows.

        Raises Refused naming the rows whose file is none, after the others are kept.
        """
        if not self.kind.takes_key_requests:
            return
        chosen = {cells.row_of_file(name): files[name] for name in files}
        texts: dict[UUID, Answers] = {}
        refused: list[Violation] = []
        for item in self.dossier.items.filter(uuid__in=[uuid for uuid in chosen if uuid]):
            file = chosen[item.uuid]
            assert isinstance(file, UploadedFile)
            try:
                text = csr.text_of_file(file.name or "", file.read(csr.MAX_FILE_BYTES + 1))
            except Refused as refusal:
                refused += [replace(one, row=item.position) for one in refusal.violations]
            else:
                texts[item.uuid] = {key_requests.NAME: text}
        if texts:
            self.call(save_rows, texts)
        if refused:
            raise Refused(*refused)

    def item(self, text: str) -> DossierItem:
        """Return the row a button names; raise Http404."""
        uuid = cells.as_uuid(text)
        found = self.dossier.items.filter(uuid=uuid).first() if uuid else None
        if found is None:
            raise Http404
        return found

    def place(self, position: int, name: str = "") -> str:
        """Return the address of a row, or of one of its cells, in the editor."""
        path = reverse("requests_app:editor", args=[self.dossier.uuid])
        name = name or self.kind.fields[0].name
        return f"{path}?page={cells.page_of(position)}#o-{position}-{name}"

    def page(self, number: int) -> str:
        """Return the address of a page of the editor."""
        path = reverse("requests_app:editor", args=[self.dossier.uuid])
        return f"{path}?page={number}"


def act(request: UserRequest, draft: Draft, button: str, page: int) -> str:
    """Do what ``button`` says ("add", "remove:<row>") and return where to go next."""
    deed, _colon, argument = button.partition(":")
    if deed in _PLACES:
        return reverse(_PLACES[deed], args=[draft.dossier.uuid])
    if deed == "go":
        return draft.page(typed_number(argument, otherwise=page))
    if deed not in _ACTS:
        messages.success(request, _("Đã lưu danh sách."))
        return draft.page(page)
    return _ACTS[deed](request, draft, argument)


def _remove(request: UserRequest, draft: Draft, argument: str) -> str:
    item = draft.item(argument)
    draft.call(remove_row, item.uuid)
    removed = {"dossier": str(draft.dossier.uuid), "title": item.title, "answers": item.answers}
    request.session[_REMOVED] = encrypt(json.dumps(removed))
    return draft.page(cells.page_of(max(1, item.position - 1)))


def removed_title(request: UserRequest, dossier: Dossier) -> str | None:
    """Return who stood in the row taken out last, None when there is nothing to put back."""
    removed = _removed(request, dossier)
    return None if removed is None else str(removed["title"] or _("dòng trống"))


def _removed(request: UserRequest, dossier: Dossier) -> dict[str, Any] | None:
    sealed = request.session.get(_REMOVED)
    if sealed is None:
        return None
    removed: dict[str, Any] = json.loads(decrypt(sealed))
    return removed if removed["dossier"] == str(dossier.uuid) else None


def _restore(request: UserRequest, draft: Draft, argument: str) -> str:
    removed = _removed(request, draft.dossier)
    if removed is None:
        return draft.page(1)
    item: DossierItem = draft.call(add_row, removed["answers"])
    del request.session[_REMOVED]
    return draft.place(item.position)


def _move(draft: Draft, argument: str, *, by: int) -> str:
    item = draft.item(argument)
    draft.call(move_row, item.uuid, by=by)
    item.refresh_from_db(fields=["position"])
    return draft.place(item.position)


def _take(request: UserRequest, draft: Draft, argument: str) -> str:
    """Take the value offered for one cell: worked out anew, never taken from the form."""
    row, _colon, name = argument.partition(":")
    item = draft.item(row)
    one = next((one for one in draft.kind.fields if one.name == name), None)
    if one is None:
        raise Http404
    found = cells.findings_of(draft.dossier, [item], now=draft.now).get(item.uuid, [])
    offers = [
        cell.finding.suggestion
        for cell in found
        if cell.field == one.name and cell.finding.suggestion
    ]
    if offers:
        draft.call(save_rows, {item.uuid: {name: offers[0]}})
    return draft.place(item.position, name)


def _paste(request: UserRequest, draft: Draft, argument: str) -> str:
    """Fill the rows from the named cell downwards, and add rows for what is left over.

    Without a cell the block is added below the list.
    """
    row, _colon, name = request.POST.get("paste_at", "").partition(":")
    block = cells.pasted_rows(draft.kind, request.POST.get("pasted", ""), first=name)
    if not block:
        messages.warning(request, _("Không có gì để dán: hãy sao chép vùng ô từ bảng tính."))
        return draft.page(1)
    existing: list[DossierItem] = []
    if row:
        start = draft.item(row).position
        below = draft.dossier.items.filter(position__gte=start).order_by("position")
        existing = list(below)[: len(block)]
    if existing:
        pasted = dict(zip((item.uuid for item in existing), block, strict=False))
        draft.call(save_rows, pasted)
    if rest := block[len(existing) :]:
        blank = draft.new_row()
        draft.call(import_rows, [blank | answers for answers in rest])
    messages.success(request, _("Đã dán %(count)s dòng.") % {"count": with_dots(len(block))})
    if existing:
        return draft.place(existing[0].position)
    last = draft.dossier.items.order_by("-position").values_list("position", flat=True).first()
    return draft.place((last or 1) - len(block) + 1)


_ACTS: Mapping[str, Callable[[UserRequest, Draft, str], str]] = {
    "add": lambda request, draft, argument: draft.place(
        draft.call(add_row, draft.new_row()).position
    ),
    "duplicate": lambda request, draft, argument: draft.place(
        draft.call(duplicate_row, draft.item(argument).uuid).position
    ),
    "remove": _remove,
    "restore": _restore,
    "up": lambda request, draft, argument: _move(draft, argument, by=-1),
    "down": lambda request, draft, argument: _move(draft, argument, by=1),
    "take": _take,
    "read": lambda request, draft, argument: draft.place(
        draft.item(argument).position, key_requests.NAME
    ),
    "paste": _paste,
}
_PLACES = {
    "check": "requests_app:check",
    "letter": "requests_app:letter_data",
    "import": "requests_app:import",
    "leave": "requests_app:detail",
}
