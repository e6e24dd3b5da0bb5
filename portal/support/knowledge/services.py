"""Writing articles: each wording is kept; one of them is published, or none."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Max
from django.utils.text import slugify
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.audit import services as audit
from portal.core.roles import Capability
from portal.core.rules import refuse
from portal.core.text.vietnamese import search_key
from portal.documents import services as documents
from portal.documents import uploads
from portal.search.words import fold
from portal.support.acts import article_act
from portal.support.knowledge.library import built_in
from portal.support.models import Article, ArticlePicture, ArticleVersion

_LONGEST_SLUG = 50
_PICTURES = frozenset({uploads.PNG.media_type, uploads.JPEG.media_type})


@dataclass(frozen=True, slots=True)
class Draft:
    """One wording of an article as it was typed."""

    category: str
    title: str
    summary: str
    text: str


def may_write(user: User) -> bool:
    """Say whether ``user`` writes articles for its office or for the CA."""
    return user.can(Capability.ANSWER_QUESTIONS)


@transaction.atomic
def write(
    slug: str, draft: Draft, *, publishes: bool, seen: int, actor: User, now: datetime
) -> ArticleVersion:
    """Keep a wording as the next version of the article of the actor's body, "" a new article.

    ``seen`` is the last version the writer had before them, 0 none. Raises PermissionDenied or
    Refused (somebody else wrote meanwhile).
    """
    if not may_write(actor):
        raise PermissionDenied("only a desk writes articles")
    if not slug:  # a new article: by the words of its title, with a number where one has it
        stem = slugify(search_key(draft.title))[:_LONGEST_SLUG].strip("-") or "bai"
        own = Article.objects.filter(owner=actor.agency_id, slug__startswith=stem)
        taken = {"moi", "hinh", *built_in(), *own.values_list("slug", flat=True)}  # and pages
        number, slug = 1, stem
        while slug in taken:
            number += 1
            slug = f"{stem}-{number}"
    Article.objects.get_or_create(owner=actor.agency, slug=slug)
    article = _lock(slug, actor)
    last = article.versions.aggregate(last=Max("number"))["last"] or 0
    if last != seen:
        raise refuse(
            "article_has_changed",
            _("Bài này vừa có người khác sửa (phiên bản %(last)d).") % {"last": last},
            way_out=_("Mở bản mới nhất ở trang khác, đối chiếu rồi lưu lại."),
        )
    version = ArticleVersion.objects.create(
        article=article,
        number=last + 1,
        written_by=actor,
        written_at=now,
        **asdict(draft),
    )
    if publishes:
        _publish(article, version)
    act = "article.publish" if publishes else "article.write"
    audit.record(article_act(act, article, version=version.number), actor=actor, now=now)
    return version


@transaction.atomic
def publish(slug: str, number: int, *, actor: User, now: datetime) -> None:
    """Let an earlier version of the actor's body be read again.

    Raises PermissionDenied, Article.DoesNotExist or ArticleVersion.DoesNotExist.
    """
    article = _lock(slug, actor)
    _publish(article, article.versions.get(number=number))
    audit.record(article_act("article.publish", article, version=number), actor=actor, now=now)


@transaction.atomic
def unpublish(slug: str, *, actor: User, now: datetime) -> None:
    """Take the article of the actor's body from its readers: a built-in one stands again.

    Raises PermissionDenied or Article.DoesNotExist.
    """
    article = _lock(slug, actor)
    article.published, article.search_text = None, ""
    article.save(update_fields=["published", "search_text"])
    audit.record(article_act("article.unpublish", article), actor=actor, now=now)


@transaction.atomic
def add_picture(
    slug: str, uploaded: UploadedFile[Any], *, actor: User, now: datetime
) -> ArticlePicture:
    """Keep a screenshot for the article of the actor's body; its text names it ``hinh-N``.

    Raises PermissionDenied, Article.DoesNotExist or Refused.
    """
    article = _lock(slug, actor)
    document = documents.store_upload(uploaded, now=now)
    if document.media_type not in _PICTURES:
        raise refuse(
            "no_picture",
            _("Hình phải là tệp PNG hoặc JPEG."),
            way_out=_("Chụp màn hình rồi lưu thành PNG."),
        )
    last = article.pictures.aggregate(last=Max("number"))["last"] or 0
    picture = ArticlePicture.objects.create(
        article=article, number=last + 1, document=document, added_by=actor, added_at=now
    )
    act = article_act("article.add_picture", article, sha256=document.sha256)
    audit.record(act, actor=actor, now=now)
    return picture


def _lock(slug: str, actor: User) -> Article:
    if not may_write(actor):
        raise PermissionDenied("only a desk writes articles")
    own = Article.objects.filter(owner=actor.agency_id, slug=slug)
    return own.select_for_update(of=("self",), no_key=True).select_related("owner").get()


def _publish(article: Article, version: ArticleVersion) -> None:
    article.published = version
    article.search_text = fold(f"{version.title} {version.summary} {version.text}")
    article.save(update_fields=["published", "search_text"])
