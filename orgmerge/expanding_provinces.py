"""Provinces in a list of communes: where one goes over to another, its bodies go with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from orgmerge.expanding import Register, Row, place
from orgmerge.words import Extent
from portal.core.text import nfc

_ORGANS = ("ỦY BAN NHÂN DÂN", "HỘI ĐỒNG NHÂN DÂN")


def expand_provinces(
    communes: Iterable[Mapping[str, str]], register: Register, *, decision: str = ""
) -> Iterator[Row]:
    """Yield a row for each registered body of a province all listed communes of which are another's
    afterwards: what names the old one, name kept or not, names a body that is no more (M3)."""
    goes_to: dict[str, set[str]] = {}
    first: dict[str, tuple[int, str]] = {}
    for number, record in enumerate(communes, start=2):
        old, new = nfc(record.get("old_province") or ""), nfc(record.get("new_province") or "")
        if old and new:
            goes_to.setdefault(old, set()).add(new)
            first.setdefault(old, (number, record.get("effective_on") or ""))
    for old, heirs in goes_to.items():
        (new, *others) = heirs
        if others or place(old) == place(new):
            continue
        for organ in _ORGANS:
            found = register.named(f"{organ} {old}", old)
            reference = register.reference(found[0]) if len(found) == 1 else None
            if reference is None:
                continue
            heir = register.named(f"{organ} {new}", new)
            source, effective_on = first[old]
            yield Row(
                old_agency=reference,
                new_agency=(register.reference(heir[0]) or "") if len(heir) == 1 else "",
                new_name=f"{organ} {new}".upper(),
                extent=str(Extent.WHOLE),
                effective_on=effective_on,
                decision=decision,
                source=source,
            )
