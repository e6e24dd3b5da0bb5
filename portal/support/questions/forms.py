"""What is typed to the desk and by it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from portal.core.web.forms import CheckedField
from portal.support.models import BEST
from portal.support.questions.texts import as_kept
from portal.support.workflow import Category

MOST_FILES = 5
_MOST_TEXT = 4000
_ENDINGS = ".pdf,.png,.jpg,.jpeg,.xlsx"


class FilesInput(forms.FileInput):
    """Several files at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Up to ``MOST_FILES`` files; what they are is for the service to check."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Tệp kèm theo (không bắt buộc)"),
            help_text=_(
                "Ảnh chụp màn hình, PDF hoặc bảng tính, tối đa 5 tệp, mỗi tệp 10 MB. Che số định "
                "danh cá nhân trong ảnh."
            ),
            required=False,
            allow_empty_file=True,
            widget=FilesInput(attrs={"accept": _ENDINGS}),
        )

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        if len(data or []) > MOST_FILES:
            raise forms.ValidationError(_("Chỉ gửi tối đa 5 tệp một lần."), code="too_many_files")
        return [super(FilesField, self).clean(one, initial) for one in data or []]


class QuestionForm(forms.Form):
    """A question, before it is looked through and sent."""

    subject = CheckedField(
        label=_("Câu hỏi"), help_text=_("Một câu ngắn: đang làm gì, bị gì."), max_length=150
    )
    text = forms.CharField(
        label=_("Nội dung"),
        help_text=_(
            "Máy báo gì, đã thử gì. Không ghi số định danh cá nhân, mật khẩu, mã PIN: số định danh "
            "được che trước khi gửi."
        ),
        max_length=_MOST_TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    category = forms.ChoiceField(
        label=_("Loại việc"), choices=[("", _("Chọn loại việc")), *Category.choices]
    )
    page = forms.CharField(required=False, max_length=400, widget=forms.HiddenInput)
    with_page = forms.BooleanField(label=_("Gửi kèm trang đang xem"), required=False, initial=True)
    is_masked = False  # whether a number was masked in what was typed

    def clean_subject(self) -> str:
        return self._kept("subject")

    def clean_text(self) -> str:
        return self._kept("text")

    def _kept(self, name: str) -> str:
        kept = as_kept(self.cleaned_data[name])
        self.is_masked = self.is_masked or kept.count("•") > self.cleaned_data[name].count("•")
        return kept


class WordsForm(forms.Form):
    """What is said in a step: an answer, more about it, why it is handed over."""

    text = forms.CharField(
        label=_("Nội dung"),
        required=False,
        max_length=_MOST_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    attached = FilesField()
    version = forms.IntegerField(min_value=1, required=False, widget=forms.HiddenInput)


class AnswerForm(WordsForm):
    """An answer may name the article in which it stands at length."""

    article = forms.ChoiceField(label=_("Bài hướng dẫn kèm theo"), required=False)
    field_order = ["text", "article", "attached", "version"]

    def __init__(self, *args: Any, articles: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["article"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Không kèm bài nào")), *articles]


class CloseForm(forms.Form):
    """How content one is, and a word."""

    rating = forms.TypedChoiceField(
        label=_("Mức độ hài lòng"),
        coerce=int,
        empty_value=None,
        required=False,
        choices=[
            (BEST, _("5 – Rất hài lòng")),
            (4, _("4 – Hài lòng")),
            (3, _("3 – Bình thường")),
            (2, _("2 – Chưa hài lòng")),
            (1, _("1 – Rất không hài lòng")),
        ],
        widget=forms.RadioSelect,
    )
    text = forms.CharField(label=_("Ý kiến"), required=False, max_length=500)
    version = forms.IntegerField(min_value=1, required=False, widget=forms.HiddenInput)
