"""What a person decides of lines that the machine leaves to people, as it is typed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgmerge.models import MergerBody
from orgmerge.plans.services import actions_for, needs_body
from orgmerge.vocabulary import About, Action
from portal.core.text.vietnamese import search_key

# As a question about what is open; what follows is worked out by the plan.
_WORDS = {
    (About.CERTIFICATE, Action.CHANGE): gettext_lazy(
        "Dùng tiếp dưới đơn vị mới, thay đổi thông tin (Mẫu 04)"
    ),
    (About.CERTIFICATE, Action.ISSUE): gettext_lazy("Thay bằng chứng thư mới (Mẫu 01, 02, 03)"),
    (About.DEVICE, Action.HAND_OVER): gettext_lazy("Bàn giao cho đơn vị mới dùng tiếp"),
    (About.SUBSCRIBER, Action.HAND_OVER): gettext_lazy("Chuyển sang đơn vị mới"),
    (About.DOSSIER, Action.HAND_OVER): gettext_lazy("Đơn vị mới giải quyết tiếp"),
    (About.DOSSIER, Action.KEEP): gettext_lazy("Để hồ sơ giải quyết xong như đang có"),
    (About.BODY, Action.KEEP): gettext_lazy("Không xin cấp chứng thư cơ quan"),
    (About.BODY, Action.ISSUE): gettext_lazy("Xin cấp chứng thư cơ quan (Mẫu 02)"),
}


class SettleForm(forms.Form):
    """One decision about some lines of one sort.

    ``bodies`` are those to choose from; ``others`` says that more can be named beside them.
    """

    action = forms.ChoiceField(
        label=gettext_lazy("Quyết định"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Hãy chọn một cách xử lý.")},
    )
    body = forms.ModelChoiceField(
        label=gettext_lazy("Đơn vị tiếp nhận"),
        queryset=MergerBody.objects.none(),
        required=False,
        empty_label=gettext_lazy("Chưa chọn"),
    )
    other = forms.CharField(
        label=gettext_lazy("Đơn vị tiếp nhận khác trong phương án"),
        max_length=250,
        required=False,
        help_text=gettext_lazy("Ghi đủ tên đơn vị sau sắp xếp nếu không có ở ô trên."),
    )
    note = forms.CharField(
        label=gettext_lazy("Ghi chú"),
        max_length=250,
        required=False,
        help_text=gettext_lazy("Ví dụ: theo danh sách phân công cán bộ ngày 15/11/2026."),
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Any = None,
        *,
        about: str,
        bodies: Sequence[MergerBody],
        others: Iterable[MergerBody] | None = None,
        initial: Any = None,
    ) -> None:
        super().__init__(data, initial=initial)
        self.about, self.others = about, others
        self.fields["action"].choices = [  # type: ignore[attr-defined]
            (action, _WORDS.get((About(about), action), action.label))
            for action in actions_for(about)
        ]
        keys = [body.pk for body in bodies]
        self.fields["body"].queryset = MergerBody.objects.filter(pk__in=keys)  # type: ignore[attr-defined]
        if others is None:
            del self.fields["other"]
        if about == About.BODY:
            del self.fields["body"]

    def clean(self) -> dict[str, Any]:
        """Find the body that is named, and ask for one where the decision needs it."""
        found = super().clean() or self.cleaned_data
        if name := found.get("other"):
            found["body"] = self._named(name)
        action = found.get("action")
        if not action or not needs_body(self.about, action):
            found["body"] = None
        elif found.get("body") is None and not self.errors:
            self.add_error("body", forms.ValidationError(_("Chọn đơn vị tiếp nhận."), "no_body"))
        return found

    def _named(self, name: str) -> MergerBody | None:
        key = search_key(name)
        matching = [body for body in self.others or () if search_key(body.name) == key]
        if len(matching) == 1:
            return matching[0]
        message = _("Không có đúng một đơn vị sau sắp xếp mang tên này.")
        self.add_error("other", forms.ValidationError(message, "no_such_body"))
        return None
