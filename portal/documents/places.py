"""Where on its pages a letter wants its signatures.

The letter's template sets two marks around each place; WeasyPrint writes them into the PDF as named
destinations. So the places are frozen with the letter and need no record beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from pyhanko.pdf_utils.reader import PdfFileReader

from portal.documents.roles import SignatureRole

MARKS = {
    SignatureRole.HEAD: ("ky-lanh-dao-tren", "ky-lanh-dao-duoi"),
    SignatureRole.ORGANISATION: ("ky-co-quan-tren", "ky-co-quan-duoi"),
}
# Where a separate file is signed by the organisation: Phụ lục I, top right of its first page.
CORNER_WIDTH, CORNER_HEIGHT, CORNER_MARGIN = 198, 34, 28  # points
_MOST_DEPTH = 32


class Place(NamedTuple):
    """A rectangle on a page: left, bottom, right, top in points."""

    page: int
    box: tuple[int, int, int, int]

    @property
    def width(self) -> int:
        """Its width in points."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> int:
        """Its height in points."""
        return self.box[3] - self.box[1]


def find(reader: PdfFileReader, role: SignatureRole) -> Place | None:
    """Return the place the letter keeps for ``role``; None in a file that is no letter of ours."""
    names = reader.root.get("/Names")
    tree = names.get("/Dests") if names else None
    destinations = dict(_leaves(tree, depth=0)) if tree else {}
    upper, lower = (destinations.get(mark) for mark in MARKS[role])
    if upper is None or lower is None:
        return None
    wanted = upper.raw_get(0).reference
    for page in range(int(reader.root["/Pages"]["/Count"])):
        found, _resources = reader.find_page_for_modification(page)  # type: ignore[no-untyped-call]
        if found.reference == wanted:
            break
    else:
        return None
    left, top = round(float(upper[2])), round(float(upper[3]))
    right, bottom = round(float(lower[2])), round(float(lower[3]))
    if left >= right or bottom >= top:
        return None
    return Place(page, (left, bottom, right, top))


def corner(reader: PdfFileReader) -> Place:
    """Return the top right corner of the first page."""
    # The first page has its size from itself or from a branch of the tree above it.
    node = reader.root["/Pages"]
    media_box = node.get("/MediaBox", None)
    for _depth in range(_MOST_DEPTH):
        children = node.get("/Kids", None)
        if not children:
            break
        node = children[0].get_object()
        media_box = node.get("/MediaBox", media_box)
    right, top = round(float(media_box[2])), round(float(media_box[3]))
    x, y = right - CORNER_MARGIN - CORNER_WIDTH, top - CORNER_MARGIN // 2 - CORNER_HEIGHT
    return Place(0, (x, y, x + CORNER_WIDTH, y + CORNER_HEIGHT))


def _leaves(node: Any, *, depth: int) -> Iterator[tuple[str, Any]]:
    pairs = node.get("/Names", ())
    for index in range(0, len(pairs) - 1, 2):
        yield str(pairs[index]), pairs[index + 1]
    if depth < _MOST_DEPTH:
        for child in node.get("/Kids", ()):
            yield from _leaves(child.get_object(), depth=depth + 1)
