"""Reading articles, and writing those of one's office or the CA."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.core.web.forms import CheckedField
from portal.core.web.refusals import Refusals
from portal.documents.responses import file_response
from portal.support.knowledge import services
from portal.support.knowledge.library import Reading, built_in, find, html_of, library
from portal.support.knowledge.services import Draft
from portal.support.models import Article, ArticlePicture, ArticleVersion
from portal.support.workflow import Category

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

_LONGEST = 200  # letters that are looked for
ROWS = 25


class ArticleForm(forms.Form):
    """One wording of an article."""

    title = CheckedField(label=gettext_lazy("Tên bài"), max_length=150)
    category = forms.ChoiceField(
        label=gettext_lazy("Loại việc"),
        choices=[("", gettext_lazy("Chọn loại việc")), *Category.choices],
    )
    summary = CheckedField(
        label=gettext_lazy("Tóm tắt"), help_text=gettext_lazy("Một câu."), max_length=300
    )
    text = forms.CharField(
        label=gettext_lazy("Nội dung"),
        help_text=gettext_lazy(
            "Markdown: ## đầu mục, - hoặc 1. cho danh sách, **đậm**, [chữ](đường dẫn), hình ở phần "
            "dưới: ![mô tả hình](hinh-1)."
        ),
        max_length=40_000,
        widget=forms.Textarea(attrs={"rows": 18, "class": "mono"}),
    )
    publishes = forms.BooleanField(
        label=gettext_lazy("Công bố ngay, thay cho bản đang dùng"), required=False, initial=True
    )
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def draft(self) -> Draft:
        """Return what was typed, lines ended in one way."""
        typed = self.cleaned_data
        text = "\n".join(typed["text"].strip().splitlines())
        return Draft(typed["category"], typed["title"], typed["summary"], text)


class PictureForm(forms.Form):
    """A screenshot."""

    picture = forms.FileField(
        label=gettext_lazy("Ảnh chụp màn hình"),
        help_text=gettext_lazy(
            "PNG hoặc JPEG, tối đa 10 MB. Che tên, số định danh của người thật."
        ),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".png,.jpg,.jpeg"}),
    )


@require_safe
def articles(request: UserRequest) -> HttpResponse:
    """List what can be read: all, of one category, or what has some words."""
    readings = library(request.user)
    typed = request.GET.get("q", "")[:_LONGEST]
    category = request.GET.get("category", "")
    found = find(readings, typed) if typed.strip() else list(readings.values())
    if category:
        found = [one for one in found if one.category == category]
    may_write = services.may_write(request.user)
    drafts: list[ArticleVersion] = []
    if may_write:  # the last wording of each article that nobody else reads
        versions = ArticleVersion.objects.filter(
            article__owner=request.user.agency_id, article__published=None
        )
        ordered = versions.select_related("article").order_by("number")
        drafts = list({one.article_id: one for one in ordered}.values())
    context = {
        "page": Paginator(found, ROWS).get_page(request.GET.get("page")),
        "typed": typed,
        "category": category,
        "categories": Category.choices,
        "may_write": may_write,
        "drafts": drafts,
    }
    return render(request, "support/articles.html", context)


@require_safe
def article(request: UserRequest, slug: str) -> HttpResponse:
    reading = library(request.user).get(slug)
    if reading is None:
        raise Http404
    version = reading.version
    text = version.text if version else reading.text
    is_own = reading.article is not None and reading.article.owner_id == request.user.agency_id
    may_write = services.may_write(request.user)
    earlier: list[ArticleVersion] = []
    if reading.article is not None and version is not None:
        others = reading.article.versions.exclude(pk=version.pk).defer("text")
        if not (is_own and may_write):
            others = others.filter(number__lt=version.number)
        earlier = list(others.select_related("written_by"))
    context = {
        "reading": reading,
        "version": version,
        "earlier": earlier,
        "html": html_of(text, reading.article),
        "may_write": may_write,
        "is_own": is_own,
    }
    return render(request, "support/article.html", context)


@require_safe
def version(request: UserRequest, slug: str, number: int) -> HttpResponse:
    """Show an earlier wording, to those who write the article also one not published."""
    user = request.user
    own = Article.objects.filter(owner=user.agency_id, slug=slug).first()
    reading = library(user).get(slug)
    is_own = own is not None and services.may_write(user)
    shown = own if is_own else reading.article if reading else None
    if shown is None:
        raise Http404
    joined = shown.versions.select_related("written_by")
    found = get_object_or_404(joined, number=number)
    if not is_own and (shown.published is None or number > shown.published.number):
        raise Http404
    context = {
        "slug": slug,
        "version": found,
        "is_published": shown.published_id == found.pk,
        "has_published": shown.published_id is not None,
        "html": html_of(found.text, shown),
        "is_own": is_own,
    }
    return render(request, "support/version.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def write(request: UserRequest, slug: str = "") -> HttpResponse:
    """Write an article, or the next version of one; it can be looked at before it is kept."""
    user = request.user
    if not services.may_write(user):
        raise PermissionDenied("only a desk writes articles")
    own = Article.objects.filter(owner=user.agency_id, slug=slug).first() if slug else None
    reading = library(user).get(slug)
    if slug and own is None and reading is None:
        raise Http404
    if request.method == "POST":
        form = ArticleForm(request.POST)
    else:
        form = ArticleForm(initial=_standing(own, reading))
    preview = None
    refused = Refusals()
    if request.method == "POST" and form.is_valid():
        if request.POST.get("do") == "preview":
            preview = html_of(form.draft().text, own)
        else:
            with refused:
                kept = services.write(
                    slug,
                    form.draft(),
                    publishes=form.cleaned_data["publishes"],
                    seen=form.cleaned_data["seen"],
                    actor=user,
                    now=timezone.now(),
                )
                if kept.article.published_id == kept.pk:
                    messages.success(request, _("Đã công bố bài."))
                    return redirect("support:article", kept.article.slug)
                messages.success(request, _("Đã lưu bản chưa công bố."))
                return redirect("support:version", kept.article.slug, kept.number)
    context = {
        "slug": slug,
        "form": form,
        "own": own,
        "reading": reading,
        "preview": preview,
        "pictures": own.picture_addresses().items() if own else [],
        "picture_form": PictureForm() if own else None,
        "violations": refused.violations,
    }
    return render(request, "support/write.html", context)


def _standing(own: Article | None, reading: Reading | None) -> dict[str, object]:
    """Return what a next version starts from: one's own last wording, else what is read now."""
    last = own.versions.first() if own else None
    if last is not None:
        draft = Draft(last.category, last.title, last.summary, last.text)
        return {**asdict(draft), "seen": last.number, "publishes": True}
    if reading is not None:
        text = reading.version.text if reading.version else reading.text
        draft = Draft(reading.category, reading.title, reading.summary, text)
        return {**asdict(draft), "seen": 0, "publishes": True}
    return {"seen": 0, "publishes": True}


@require_POST
def publish(request: UserRequest, slug: str, number: int) -> HttpResponse:
    try:
        services.publish(slug, number, actor=request.user, now=timezone.now())
    except (Article.DoesNotExist, ArticleVersion.DoesNotExist) as error:
        raise Http404 from error
    messages.success(request, _("Đã công bố phiên bản %(number)d.") % {"number": number})
    return redirect("support:article", slug)


@require_POST
def unpublish(request: UserRequest, slug: str) -> HttpResponse:
    try:
        services.unpublish(slug, actor=request.user, now=timezone.now())
    except Article.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, _("Bài không còn được công bố."))
    if slug in built_in():
        return redirect("support:article", slug)
    return redirect("support:articles")


@require_POST
def add_picture(request: UserRequest, slug: str) -> HttpResponse:
    if not services.may_write(request.user):
        raise PermissionDenied("only a desk writes articles")
    form = PictureForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors["picture"])))
        return redirect("support:write", slug)
    with Refusals() as refused:
        try:
            picture = services.add_picture(
                slug, form.cleaned_data["picture"], actor=request.user, now=timezone.now()
            )
        except Article.DoesNotExist as error:
            raise Http404 from error
        messages.success(
            request, _("Đã thêm hình. Ghi ![mô tả hình](%s) vào chỗ cần hiện.") % picture
        )
    refused.tell(request)
    return redirect("support:write", slug)


@require_safe
def picture(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Return a screenshot to who may read the article."""
    articles = Article.objects.visible_to(request.user)
    if not services.may_write(request.user):
        articles = articles.published()
    pictures = ArticlePicture.objects.filter(article__in=articles).select_related("document")
    return file_response(get_object_or_404(pictures, uuid=uuid).document, as_attachment=True)
