"""What a reader has to read: built-in articles, in their place what the CA or their office wrote.

The built-in ones are files of docs/huong-dan/ho-tro: title, what they are about, a sentence, text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import log
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from portal.agencies.models import AgencyKind
from portal.core.web.markdown import to_html
from portal.search.finders import Finder, Hit, list_with, register
from portal.search.words import fold
from portal.support.models import Article, ArticleVersion
from portal.support.workflow import Category

if TYPE_CHECKING:
    from portal.accounts.models import User

_TITLE_WEIGHT = 3
_CATEGORY_WEIGHT = 1.25
_FEWEST_LETTERS = 2
FITS = 1.0  # what an article must reach to be offered for a question


@dataclass(frozen=True, slots=True)
class Reading:
    """One article as its reader has it; ``article`` None is built in."""

    slug: str
    category: Category
    title: str
    summary: str
    words: frozenset[str]
    article: Article | None = None
    text: str = ""  # of a built-in one

    @property
    def version(self) -> ArticleVersion | None:
        return self.article.published if self.article else None


@cache
def built_in() -> Mapping[str, Reading]:
    """Return the articles that come with the portal, by name."""
    found = {}
    for path in sorted((settings.BASE_DIR / "docs" / "huong-dan" / "ho-tro").glob("*.md")):
        head, summary, text = path.read_text(encoding="utf-8").split("\n\n", 2)
        title, category = head.removeprefix("# ").splitlines()
        found[path.stem] = Reading(
            path.stem,
            Category(category),
            title,
            " ".join(summary.split()),
            frozenset(fold(f"{title} {summary} {text}").split()),
            text=text,
        )
    return found


def library(user: User) -> dict[str, Reading]:
    """Return what ``user`` can read by name, in the order of titles (one query).

    Their own office's goes before the CA's, which goes before what is built in.
    """
    rows = Article.objects.visible_to(user).published()
    joined = rows.select_related("owner", "published__written_by").defer("published__text")
    others: dict[str, Reading] = {}
    of_the_ca: dict[str, Reading] = {}
    own: dict[str, Reading] = {}
    for article in joined:
        assert article.published is not None
        if article.owner_id in {user.agency_id, user.agency.office_id}:
            shelf = own
        else:
            shelf = of_the_ca if article.owner.kind == AgencyKind.CA else others
        shelf[article.slug] = Reading(
            article.slug,
            Category(article.published.category),
            article.published.title,
            article.published.summary,
            frozenset(article.search_text.split()),
            article=article,
        )
    whole = others | dict(built_in()) | of_the_ca | own
    return dict(sorted(whole.items(), key=lambda one: fold(one[1].title)))


def find(
    readings: Mapping[str, Reading],
    typed: str,
    *,
    category: str = "",
    least: float = 0,
) -> list[Reading]:
    """Return the articles that have what is typed, the best first, marks and case aside.

    A word that stands in few of them says more than one that stands in all, and most in a title.
    """
    wanted = {word for word in fold(typed).split() if len(word) >= _FEWEST_LETTERS}
    frequency = Counter(word for one in readings.values() for word in one.words & wanted)
    scores = {}
    for slug, one in readings.items():
        in_title = set(fold(one.title).split())
        score = sum(
            log((len(readings) + 1) / frequency[word]) * (_TITLE_WEIGHT if word in in_title else 1)
            for word in sorted(one.words & wanted)
        )
        if score and one.category == category:
            score *= _CATEGORY_WEIGHT
        scores[slug] = score
    best = sorted(readings.values(), key=lambda one: -scores[one.slug])
    return [one for one in best if scores[one.slug] > least]


def html_of(text: str, article: Article | None) -> SafeString:
    """Return an article's text as HTML, with its pictures."""
    return to_html(text, pictures=article.picture_addresses() if article else {})


def register_finders() -> None:
    """Let articles be found."""
    register(
        Finder(
            place=70,
            label=gettext_lazy("Bài hướng dẫn"),
            icon="book-open",
            find=_articles,
            listed=list_with("support:articles"),
        )
    )


def _articles(user: User, typed: str, most: int) -> list[Hit]:
    """Find by the words of titles alone: in a text stands many a person's name ("tìm", "Tím")."""
    wanted = fold(typed).split()
    readings = {
        slug: one for slug, one in library(user).items() if {*wanted} <= {*fold(one.title).split()}
    }
    return [
        Hit(
            title=one.title,
            detail=str(one.category.label),
            url=reverse("support:article", args=[one.slug]),
        )
        for one in find(readings, typed)[:most]
    ]
