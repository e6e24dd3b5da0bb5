"""Help pages: the guides of docs/huong-dan as HTML, readable before signing in.

Only what the guides use is understood: headings, paragraphs, two kinds of list, bold, links, and
the numbers of the law by name: ``{return_days}``.
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
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from portal.core import law

_HEADING = re.compile(r"^(#{2,3}) (.+)$")
_BULLET = re.compile(r"^- (.+)$")
_NUMBERED = re.compile(r"^\d+\. (.+)$")
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_LINK = re.compile(r"\[(.+?)\]\(([^)\s]+)\)")
_NUMBER = re.compile(r"\{(\w+)\}")
_GUIDE = re.compile(r"^([a-z-]+)\.md$")


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
    "that-lac", "sap-nhap", "thong-bao", "thoi-han", "so-theo-doi", "giam-sat", "lanh-dao",
    "so-khcn", "cuc", "quan-tri",
)  # fmt: skip


def to_html(text: str) -> SafeString:
    """Return the HTML of a guide's text; whatever else stands in it is shown as typed."""
    blocks = re.split(r"\n\s*\n", text.strip())
    return mark_safe("\n".join(_block(block) for block in blocks if block.strip()))  # noqa: S308 (escaped below)


def _block(block: str) -> str:
    lines: list[str] = []
    for line in block.splitlines():
        if lines and line.startswith("  "):  # it continues the one before
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line.strip())
    if len(lines) == 1 and (heading := _HEADING.match(lines[0])):
        level = len(heading[1])
        return f"<h{level}>{_inline(heading[2])}</h{level}>"
    for pattern, tag in ((_BULLET, "ul"), (_NUMBERED, "ol")):
        items = [pattern.match(line) for line in lines]
        if all(items):
            inner = "".join(f"<li>{_inline(item[1])}</li>" for item in items if item)
            return f"<{tag}>{inner}</{tag}>"
    return f"<p>{_inline(' '.join(lines))}</p>"


def _inline(text: str) -> str:
    bold = _BOLD.sub(r"<strong>\1</strong>", escape(text))
    return _LINK.sub(_link, bold)


def _link(found: re.Match[str]) -> str:
    words, target = found[1], found[2]
    if guide := _GUIDE.match(target):
        target = f"../{guide[1]}/"
    elif not target.startswith(("/", "https://", "#")):
        return words
    return f'<a href="{target}">{words}</a>'


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
