"""A walk over the pages: does every number that leads to a list say how long the list is?

``{% counts n %}`` marks such a link, ``{% totals n %}`` the list; a number in a link without the
mark is a fault as well, so that nothing is left out of the walk.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator
from urllib.parse import parse_qs, urldefrag, urljoin, urlsplit

from django.test import Client
from django.urls import Resolver404, resolve
from lxml.html import HtmlElement as Element
from lxml.html import document_fromstring

MOST_PAGES = 40  # of one list
_NUMBER = re.compile(r"(\d{1,3}(?:\.\d{3})*)\+?(?!\S)")
_COUNTS = re.compile(r"^\d{1,3}(?:\.\d{3})*\+?(?:\s+[^\W\d]|$)|\(\d+\)$")  # "3 thiết bị", "(3)"


class Walk:
    """Everything one user is led to from the home page; ``faults`` says what does not agree.

    Of pages that differ in what they are about alone one is looked at.
    """

    def __init__(self, client: Client) -> None:
        self.faults: list[str] = []
        self.checked: Counter[str] = Counter()  # by the page that counts
        self._client = client
        self._compared: set[tuple[str, str]] = set()
        self._pages: dict[str, Element | None] = {}

    def go(self, start: str = "/") -> None:
        """Look at the pages that can be reached, one of each sort, and at all that is counted."""
        seen: Counter[tuple[str, ...]] = Counter()
        queue, queued = deque([start]), {start}
        while queue:
            at = queue.popleft()
            if (page := self._get(at)) is None:
                continue
            for link in _links(page):
                whole = urljoin(at, link.attrib["href"])
                path = urldefrag(whole).url
                said = _COUNTS.search(_text(link)) or any(map(_is_number, link.iter("strong")))
                if "data-count" in link.attrib:
                    self._compare(at, link, whole)
                elif said:
                    self.faults.append(f"{at}: “{_text(link)}” counts without a mark")
                sort = _sort_of(path)
                if sort is not None and path not in queued and not seen[sort]:
                    seen[sort] += 1
                    queued.add(path)
                    queue.append(path)

    def _compare(self, at: str, link: Element, whole: str) -> None:
        path, fragment = urldefrag(whole)
        if (whole, link.attrib["data-count"]) in self._compared:
            return
        self._compared.add((whole, link.attrib["data-count"]))
        count, said = int(link.attrib["data-count"]), _NUMBER.search(_text(link))
        self.checked[urlsplit(at).path] += 1
        where = f"{at}: “{_text(link)}” → {whole}"
        if said and int(said[1].replace(".", "")) != min(count, 1000):
            self.faults.append(f"{where}: marked as {count}")
        page = self._get(path)
        total = _marked(page, fragment) if page is not None else None
        if page is None or total is None:
            self.faults.append(f"{where}: no list that says how long it is")
            return
        if int(total.attrib["data-total"]) != count:
            self.faults.append(
                f"{where}: {count} counted, {total.attrib['data-total']} in the list"
            )
        listed = self._rows(path, fragment)
        if listed and count not in listed:
            self.faults.append(f"{where}: {count} counted, {sorted(listed)} rows on its pages")

    def _rows(self, path: str, fragment: str) -> set[int]:
        """Return how many rows the pages of a list have together, and what the rows count.

        Nothing where the total stands above something else than a list.
        """
        rows = counted = 0
        for _page in range(MOST_PAGES):
            page = self._get(path)
            region = _region(page, fragment) if page is not None else None
            if region is None:
                return set()
            for row in _rows_of(region):
                rows += 1
                counted += sum(int(one.attrib["data-count"]) for one in _with(row, "data-count"))
            following = [one for one in _links(region) if one.attrib.get("rel") == "next"]
            if not following:
                return {rows, counted}
            path = urljoin(path, following[0].attrib["href"])
        return set()

    def _get(self, path: str) -> Element | None:
        """Return the page, each asked for once; None for what is no page of this user."""
        if path not in self._pages:
            answer = self._client.get(path)
            is_page = answer.status_code == 200 and answer["Content-Type"].startswith("text/html")
            self._pages[path] = document_fromstring(answer.content.decode()) if is_page else None
        return self._pages[path]


def _with(element: Element, name: str) -> Iterator[Element]:
    return (one for one in element.iter("*") if name in one.attrib)


def _links(element: Element) -> Iterator[Element]:
    found = (one for one in element.iter("a") if "href" in one.attrib)
    return (one for one in found if not one.attrib["href"].startswith(("tel:", "mailto:")))


def _text(element: Element) -> str:
    return " ".join(" ".join(element.itertext("*")).split())


def _is_number(element: Element) -> bool:
    return _NUMBER.fullmatch(_text(element)) is not None


def _marked(page: Element, fragment: str) -> Element | None:
    """Return what says how long the list is: the first from the place on that the link names."""
    is_past = not fragment
    for one in page.iter("*"):
        is_past = is_past or one.attrib.get("id") == fragment
        if is_past and "data-total" in one.attrib:
            return one
    return None


def _region(page: Element, fragment: str) -> Element | None:
    """Return what holds the rows: what carries the total, or what its line stands in."""
    total = _marked(page, fragment)
    if total is None or total.tag in ("h2", "h3"):
        return None
    region: Element = total
    if total.tag == "p":
        if "list-count" not in total.attrib.get("class", ""):
            return None
        region = total.getparent()
    return region if next(_bodies(region), None) is not None else None


def _bodies(region: Element) -> Iterator[Element]:
    """Return what the rows stand in: the bodies of the first table, or a list marked as rows."""
    for marked in _with(region, "data-rows"):
        yield marked
        return
    for table in region.iter("table"):
        yield from table.iter("tbody")
        return


def _rows_of(region: Element) -> Iterator[Element]:
    return (row for body in _bodies(region) for row in body)


def _sort_of(path: str) -> tuple[str, ...] | None:
    """Return which sort of page it is: its route and what is asked of it; None for no page."""
    parts = urlsplit(path)
    if parts.netloc or not parts.path.startswith("/") or "export" in parse_qs(parts.query):
        return None
    try:
        found = resolve(parts.path)
    except Resolver404:
        return None
    return (found.view_name, *sorted(parse_qs(parts.query)))
