"""The little Markdown that guides are written in, as HTML.

Only what the guides use is understood: headings, paragraphs, two kinds of list, bold, links, and
pictures by a name that the caller knows: ``![what it shows](name)``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

_HEADING = re.compile(r"^(#{2,3}) (.+)$")
_BULLET = re.compile(r"^- (.+)$")
_NUMBERED = re.compile(r"^\d+\. (.+)$")
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
_LINK = re.compile(r"\[(.+?)\]\(([^)\s]+)\)")
_GUIDE = re.compile(r"^([a-z-]+)\.md$")


def to_html(text: str, *, pictures: Mapping[str, str] | None = None) -> SafeString:
    """Return the HTML of a guide's text; whatever else stands in it is shown as typed.

    ``pictures`` are their addresses by name.
    """
    pictures, made = pictures or {}, []
    for block in filter(str.strip, re.split(r"\n\s*\n", text.strip())):
        lines: list[str] = []
        for line in block.splitlines():
            if lines and line.startswith("  "):  # it continues the one before
                lines[-1] += f" {line.strip()}"
            else:
                lines.append(line.strip())
        if len(lines) == 1 and (heading := _HEADING.match(lines[0])):
            level = len(heading[1])
            made.append(f"<h{level}>{_inline(heading[2], pictures)}</h{level}>")
            continue
        for pattern, tag in ((_BULLET, "ul"), (_NUMBERED, "ol")):
            items = [pattern.match(line) for line in lines]
            if all(items):
                inner = "".join(f"<li>{_inline(item[1], pictures)}</li>" for item in items if item)
                made.append(f"<{tag}>{inner}</{tag}>")
                break
        else:
            made.append(f"<p>{_inline(' '.join(lines), pictures)}</p>")
    return mark_safe("\n".join(made))  # noqa: S308 (escaped below)


def _inline(text: str, pictures: Mapping[str, str]) -> str:
    bold = _BOLD.sub(r"<strong>\1</strong>", escape(text))
    return _LINK.sub(_link, _PICTURE.sub(partial(_picture, pictures), bold))


def _picture(pictures: Mapping[str, str], found: re.Match[str]) -> str:
    words, name = found[1], found[2]
    if name not in pictures:
        return words
    return f'<img src="{pictures[name]}" alt="{words}" loading="lazy">'


def _link(found: re.Match[str]) -> str:
    words, target = found[1], found[2]
    if guide := _GUIDE.match(target):
        target = f"../{guide[1]}/"
    elif not target.startswith(("/", "https://", "#")):
        return words
    return f'<a href="{target}">{words}</a>'
