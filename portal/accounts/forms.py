"""What is typed on the pages of accounts: shape only, nothing saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from portal.agencies import lookup
from portal.agencies.forms import BodyField
from portal.agencies.models import Agency
from portal.core.roles import Role
from portal.core.rules import Finding, Severity
from portal.core.text.identifiers import check_identity_number, check_name, check_official_email
from portal.core.text.vietnamese import nfc
from portal.core.web.forms import DayField


class SignInForm(forms.Form):
    """An account name and a password; whether they fit is for ``sign_in.check`` to say."""

    username = forms.CharField(
        label=_("Tên đăng nhập"),
        max_length=60,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    password = forms.CharField(
        label=_("Mật khẩu"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, request: object = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # LoginView hands in the request: not needed here


class NewPasswordForm(forms.Form):
    """A new password, twice; whether it is fit is for ``passwords.refuse_unfit`` to say."""

    new_password = forms.CharField(
        label=_("Mật khẩu mới"),
        max_length=200,
        strip=False,
        help_text=_(
            "Nên ghép bốn, năm tiếng không liên quan với nhau. Không dùng tên, ngày sinh, đơn vị, "
            "số điện thoại hay cụm từ nhiều người hay đặt."
        ),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    repeated = forms.CharField(
        label=_("Nhập lại mật khẩu mới"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        new, repeated = (self.cleaned_data.get(name) for name in ("new_password", "repeated"))
        if new and repeated and new != repeated:
            self.add_error("repeated", _("Hai lần nhập mật khẩu mới không giống nhau."))
        return self.cleaned_data


class PasswordChangeForm(NewPasswordForm):
    """The old password once, the new one twice."""

    field_order = ["old_password", "new_password", "repeated"]

    old_password = forms.CharField(
        label=_("Mật khẩu đang dùng"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class CodeForm(forms.Form):
    """An account name and both halves of a code."""

    username = forms.CharField(
        label=_("Tên đăng nhập"),
        max_length=60,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    first = forms.CharField(
        label=_("Nửa mã của quản trị viên thứ nhất"),
        max_length=30,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    second = forms.CharField(
        label=_("Nửa mã của quản trị viên thứ hai"),
        max_length=30,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )


class AgencyField(BodyField):
    """A body by its whole name, its name and province, or its code.

    A part of a name is never taken for one: what it may stand for is named.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            help_text=_("Gõ vài tiếng của tên, có dấu hoặc không, rồi chọn trong gợi ý."), **kwargs
        )

    def clean(self, value: Any) -> Agency | None:
        try:
            return super().clean(value)
        except forms.ValidationError as error:
            existing = Agency.objects.filter(dissolved_on__isnull=True)
            found = lookup.suggestions(existing, str(value or ""))
            if not found or getattr(error, "code", "") not in ("no_such_body", "several_bodies"):
                raise
            raise forms.ValidationError(
                _("Tên chưa đủ để biết là đơn vị nào. Có phải: %(names)s? Hãy ghi đúng một tên."),
                "several",
                params={"names": "; ".join(found)},
            ) from error


def _field_check(check: Callable[[str], Sequence[Finding]]) -> Callable[[str], None]:
    """Return a check of ``portal.core.text.identifiers`` as a field's validator: errors only."""

    def validate(value: str) -> None:
        errors = [one for one in check(nfc(value)) if one.severity is Severity.ERROR]
        if errors:
            raise forms.ValidationError([forms.ValidationError(e.message, e.code) for e in errors])

    return validate


class RoleForm(forms.Form):
    """A role at a body."""

    role = forms.ChoiceField(label=_("Vai trò"), choices=[("", _("Chọn vai trò")), *Role.choices])
    agency = AgencyField(label=_("Đơn vị"))


class AddressForm(forms.Form):
    """A new official address."""

    email = forms.EmailField(
        label=_("Địa chỉ thư công vụ mới"), validators=[_field_check(check_official_email)]
    )


class AccountForm(RoleForm):
    """A new account: who will use it, where, and the role proposed."""

    field_order = [
        "full_name", "identity_number", "birth_on", "position", "email", "agency", "role",
        "username",
    ]  # fmt: skip

    username = forms.CharField(
        label=_("Tên đăng nhập"),
        max_length=60,
        help_text=_("Chữ cái không dấu, chữ số, dấu chấm; ví dụ vanthu.tanuyen."),
        validators=[
            RegexValidator(
                r"^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?\Z",
                _("Chỉ dùng chữ thường không dấu, chữ số, dấu chấm, gạch ngang ở giữa."),
            )
        ],
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    full_name = forms.CharField(
        label=_("Họ và tên"), max_length=150, validators=[_field_check(check_name)]
    )
    identity_number = forms.CharField(
        label=_("Số định danh cá nhân"),
        max_length=12,
        help_text=_("12 chữ số. Một người có nhiều tài khoản vẫn được tính là một người."),
        validators=[_field_check(check_identity_number)],
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )
    birth_on = DayField(
        label=_("Ngày sinh"),
    )
    position = forms.CharField(label=_("Chức vụ"), max_length=120, required=False)
    email = forms.EmailField(
        label=_("Thư điện tử công vụ"), validators=[_field_check(check_official_email)]
    )
