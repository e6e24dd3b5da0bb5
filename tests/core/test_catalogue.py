"""Nobody reads English: the catalogue is compiled, and every kind of invalid field speaks."""

from __future__ import annotations

import gettext
import re
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import ASCIIUsernameValidator, UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.core.validators import FileExtensionValidator
from django.http import QueryDict

from portal.core.roles import Role
from requests_app.decision.views import RowDecisionForm
from requests_app.dossier_pages.forms import AttachmentForm
from requests_app.models import Attachment, Dossier, DossierItem
from requests_app.pages.filters import DossierFilter
from requests_app.steps.forms import StepForm
from tests.builders import TODAY, user

ENGLISH = re.compile(
    r"\b(this|that|field|required|valid|invalid|enter|select|choice|choices|ensure|the|is|are|must|"
    r"submitted|file|files|empty|least|most|value|values|please|submit|number|date|time|character|"
    r"characters|not|allowed|with|from|upload|image|list|one|available)\b",
    re.IGNORECASE,
)
FOLDER = Path(settings.BASE_DIR) / "locale" / "vi" / "LC_MESSAGES"


class Everything(forms.Form):
    """One field of each kind, each to be filled in wrongly."""

    boolean = forms.BooleanField()
    char = forms.CharField(max_length=2)
    short = forms.CharField(min_length=5)
    null = forms.CharField()
    choice = forms.ChoiceField(choices=[("1", "Một")])
    typed = forms.TypedChoiceField(choices=[("1", "Một")], coerce=int)
    several = forms.MultipleChoiceField(choices=[("1", "Một")])
    day = forms.DateField()
    moment = forms.DateTimeField()
    hour = forms.TimeField()
    duration = forms.DurationField()
    decimal = forms.DecimalField(max_digits=3, decimal_places=1)
    many_digits = forms.DecimalField(max_digits=3, decimal_places=1)
    integer = forms.IntegerField()
    smallest = forms.IntegerField(min_value=5)
    largest = forms.IntegerField(max_value=5)
    stepped = forms.IntegerField(step_size=5)
    floating = forms.FloatField()
    email = forms.EmailField()
    url = forms.URLField(assume_scheme="https")
    slug = forms.SlugField()
    code = forms.UUIDField()
    json = forms.JSONField()
    address = forms.GenericIPAddressField()
    pattern = forms.RegexField(r"^\d+$")
    upload = forms.FileField()
    ending = forms.FileField(validators=[FileExtensionValidator(["pdf"])])
    split = forms.SplitDateTimeField()


WRONG = {
    "char": "dài quá",
    "short": "abc",
    "null": "a\0b",
    "choice": "9",
    "typed": "9",
    "several": "9",
    "day": "32/13/2025",
    "moment": "hôm qua",
    "hour": "25:99",
    "duration": "lâu",
    "decimal": "nhiều",
    "many_digits": "1234,567",
    "integer": "ba",
    "smallest": "1",
    "largest": "9",
    "stepped": "7",
    "floating": "x",
    "email": "không",
    "url": "không phải",
    "slug": "có dấu cách",
    "code": "123",
    "json": "{",
    "address": "1.2.3",
    "pattern": "abc",
    "split_0": "x",
    "split_1": "x",
}


def english_in(form: forms.BaseForm) -> list[str]:
    """Return the error messages of a form that have an English word in them."""
    errors = [str(error) for found in form.errors.values() for error in found]
    return [error for error in errors if ENGLISH.search(error)]


def test_every_kind_of_field_says_in_vietnamese_what_is_wrong() -> None:
    form = Everything(WRONG)

    assert set(form.errors) == set(Everything.base_fields)
    assert english_in(form) == []


def test_an_empty_form_says_in_vietnamese_what_is_missing() -> None:
    form = Everything({})

    assert set(form.errors) == set(Everything.base_fields)
    assert english_in(form) == []


def test_too_many_and_too_few_forms_are_counted_in_vietnamese() -> None:
    made = forms.formset_factory(Everything, min_num=2, max_num=2, validate_min=True)
    tampered = made({})
    few = made({"form-TOTAL_FORMS": "0", "form-INITIAL_FORMS": "0"})

    messages = [*tampered.non_form_errors(), *few.non_form_errors()]

    assert len(messages) == 2
    assert [message for message in messages if ENGLISH.search(str(message))] == []


def test_a_weak_password_and_a_bad_account_name_are_refused_in_vietnamese() -> None:
    messages: list[str] = []
    for password in ("abc", "12345678", "password"):
        with pytest.raises(ValidationError) as refusal:
            validate_password(password)
        messages += refusal.value.messages
    for check in (ASCIIUsernameValidator(), UnicodeUsernameValidator()):
        with pytest.raises(ValidationError) as refusal:
            check("có dấu cách")
        messages += refusal.value.messages

    assert len(messages) >= 6
    assert [message for message in messages if ENGLISH.search(message)] == []


@pytest.mark.django_db
def test_the_forms_of_a_dossier_speak_vietnamese() -> None:
    query = QueryDict("kind=x&state=x&office=x&since=32/13/2025&until=x&due=x")
    sought = DossierFilter(
        query, Dossier.objects.all(), user=user(Role.CA_OPERATOR), today=TODAY
    ).form
    row = DossierItem(decision="", decision_reason="")
    tried = (
        sought,
        StepForm({"action": "fly", "version": "x", "reason_code": "x", "reason": "a" * 3000}),
        AttachmentForm({"kind": "x", "row": "0", "version": "x"}, kinds=list(Attachment.Kind)),
        RowDecisionForm({f"{row.uuid}-decision": "refused"}, item=row),
        RowDecisionForm({f"{row.uuid}-decision": "x"}, item=row),
    )

    assert all(form.errors for form in tried)
    assert [words for form in tried for words in english_in(form)] == []


def test_the_compiled_catalogue_is_that_of_the_source() -> None:
    source = (FOLDER / "django.po").read_text(encoding="utf-8")
    with (FOLDER / "django.mo").open("rb") as compiled:
        catalogue = gettext.GNUTranslations(compiled)

    pairs = re.findall(r'^msgid "(.+)"\nmsgstr "(.+)"$', source, re.MULTILINE)

    assert len(pairs) > 40
    assert [one for one, other in pairs if catalogue.gettext(one) != other] == []
