"""Help pages: the guides of docs/huong-dan as HTML, readable before signing in.

They name the numbers of the law: ``{return_days}``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from portal.core import law
from portal.core.web.markdown import to_html

_NUMBER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Guide:
    """One guide: its name in addresses, its title, a sentence on whom it is for, its HTML."""

    slug: str
    title: str
    summary: str
    html: SafeString


def guides() -> dict[str, Guide]:
    """Return all guides by name, in the order of a dossier's way, with the numbers as they are."""
    numbers = law.numbers()

    def filled(text: str) -> str:
        return _NUMBER.sub(lambda found: str(numbers[found[1]]), text)

    return {
        one.slug: Guide(
            one.slug,
            filled(one.title),
            filled(one.summary),
            mark_safe(filled(one.html)),  # noqa: S308 (escaped when it was made)
        )
        for one in _written()
    }


@cache
def _written() -> list[Guide]:
    """Return the guides as they are written, each number still a name."""
    folder: Path = settings.BASE_DIR / "docs" / "huong-dan"
    found = []
    for path in folder.glob("*.md"):
        title, _, text = path.read_text(encoding="utf-8").partition("\n")
        summary, _, body = text.strip().partition("\n\n")
        title = title.removeprefix("# ").strip()
        found.append(Guide(path.stem, title, summary.strip(), to_html(body)))
    return sorted(found, key=lambda guide: _ORDER.index(guide.slug))


_ORDER = (
    "van-thu", "chon-mau", "gia-han-thay-doi", "thu-hoi-nop-thiet-bi", "khoi-phuc-thiet-bi",
    "that-lac", "kiem-ke", "ho-tro", "sap-nhap", "thong-bao", "thoi-han", "so-theo-doi", "luu-tru",
    "giam-sat", "kiem-tra", "bao-cao", "nhu-cau", "hien-trang", "ca-ngoai", "xac-minh",
    "lanh-dao", "so-khcn", "cuc", "ca", "quan-tri",
)  # fmt: skip


@require_safe
@login_not_required
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "help/index.html", {"guides": guides().values()})


@require_safe
@login_not_required
def guide(request: HttpRequest, slug: str) -> HttpResponse:
    if slug not in guides():
        raise Http404
    return render(
        request, "help/guide.html", {"guide": guides()[slug], "guides": guides().values()}
    )
