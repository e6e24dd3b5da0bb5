"""Dossiers as JSON: what is shown, with identity numbers masked, and what is taken."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portal.accounts.models import User
from portal.api.references import AgencyReference
from portal.core.text.identifiers import mask
from requests_app import kinds
from requests_app.dossier_pages.visibility import as_sent, hides_rework, shown_events
from requests_app.drafts.services import MOST_ROWS
from requests_app.kinds.base import Field
from requests_app.models import Decision, Dossier, DossierEvent, DossierItem
from requests_app.steps.engine import allowed_steps
from requests_app.titles import title_of
from requests_app.workflow import Action, DossierStep

_MOST_TEXT = 4000


class DossierSerializer(serializers.ModelSerializer[Dossier]):
    """A dossier in lists. ``queue`` is the role it waits for."""

    title = serializers.SerializerMethodField()
    agency = AgencyReference()
    office = AgencyReference(allow_null=True)

    class Meta:
        model = Dossier
        fields = [
            "uuid", "kind", "variant", "title", "agency", "office", "state", "route", "queue",
            "version", "letter_number", "letter_date", "row_count", "received_on", "due_on",
            "created_at", "updated_at", "ended_at",
        ]  # fmt: skip

    def to_representation(self, dossier: Dossier) -> dict[str, Any]:
        """Leave out number, day and count of what another body is still correcting."""
        user = self.context["request"].user
        assert isinstance(user, User)
        return super().to_representation(as_sent(dossier, user))

    def get_title(self, dossier: Dossier) -> str:
        return title_of(dossier)


class StepSerializer(serializers.Serializer[DossierStep]):
    """A step that may be taken now."""

    action = serializers.ChoiceField(choices=Action.choices)
    label = serializers.CharField(source="action.label")  # type: ignore[assignment]
    target = serializers.CharField()
    needs_reason = serializers.BooleanField()


class EventSerializer(serializers.ModelSerializer[DossierEvent]):
    """A step that was taken."""

    actor = serializers.CharField(source="actor.full_name", default="")

    class Meta:
        model = DossierEvent
        fields = ["action", "source", "target", "round", "actor", "reason_code", "reason", "at"]


class RowSummarySerializer(serializers.ModelSerializer[DossierItem]):
    """A row without its answers."""

    certificate = serializers.CharField(source="result.serial", default="", help_text="Issued.")

    class Meta:
        model = DossierItem
        fields = [
            "uuid", "position", "title", "storage", "decision", "decision_reason",
            "outcome", "outcome_reason", "certificate",
        ]  # fmt: skip


class RowSerializer(RowSummarySerializer):
    """A row with its answers; personal numbers are masked."""

    answers = serializers.SerializerMethodField()

    class Meta(RowSummarySerializer.Meta):
        fields = [*RowSummarySerializer.Meta.fields, "answers"]

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_answers(self, item: DossierItem) -> dict[str, str]:
        return masked(item.answers, kinds.get(item.dossier.kind).fields)


class DossierDetailSerializer(DossierSerializer):
    """A dossier with its rows, its history and what the asking account may do to it now."""

    addressee = AgencyReference()
    contact = serializers.SerializerMethodField()
    allowed_actions = serializers.SerializerMethodField()
    rows = RowSummarySerializer(many=True, source="items")
    events = EventSerializer(many=True)

    class Meta(DossierSerializer.Meta):
        fields = [
            *DossierSerializer.Meta.fields,
            "addressee", "contact", "note", "signing_mode", "allowed_actions", "rows", "events",
        ]  # fmt: skip

    def to_representation(self, dossier: Dossier) -> dict[str, Any]:
        """Leave out what a body is still correcting, for everybody else."""
        data = super().to_representation(dossier)
        user = self.context["request"].user
        assert isinstance(user, User)
        if hides_rework(dossier, user):
            events = shown_events(dossier, user).select_related("actor")
            shown = EventSerializer(events, many=True, context=self.context).data
            data |= {"contact": {}, "note": "", "rows": [], "events": shown}
        return data

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_contact(self, dossier: Dossier) -> dict[str, str]:
        return masked(dossier.contact, kinds.get(dossier.kind).contact_fields)

    @extend_schema_field(StepSerializer(many=True))
    def get_allowed_actions(self, dossier: Dossier) -> Any:
        user = self.context["request"].user
        assert isinstance(user, User)
        return [StepSerializer(step).data for step in allowed_steps(dossier, user)]


def masked(answers: dict[str, str], fields: tuple[Field, ...]) -> dict[str, str]:
    """Return answers with personal numbers masked."""
    personal = {one.name for one in fields if one.is_personal}
    return {name: mask(value) if name in personal else value for name, value in answers.items()}


class VersionSerializer(serializers.Serializer[Any]):
    """The version of the dossier that was seen: a change in between is a conflict (409)."""

    version = serializers.IntegerField(min_value=1)


class DraftSerializer(serializers.Serializer[Any]):
    """What opens a draft."""

    kind = serializers.CharField(max_length=40)
    variant = serializers.CharField(max_length=20, required=False, default="", allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["kind"] not in kinds.KINDS:
            raise serializers.ValidationError({"kind": "no such form"}, "unknown_kind")
        if attrs["variant"] and attrs["variant"] not in kinds.get(attrs["kind"]).variants:
            raise serializers.ValidationError({"variant": "no such variant"}, "unknown_variant")
        return attrs


class AnswersField(serializers.DictField):
    """Answers by field name, as typed; whether they are right is told before signing."""

    child = serializers.CharField(allow_blank=True, max_length=_MOST_TEXT)

    def check(self, answers: dict[str, str], fields: tuple[Field, ...]) -> None:
        """Raise ValidationError for names that are no fields of the form."""
        if unknown := sorted(set(answers) - {one.name for one in fields}):
            raise serializers.ValidationError(
                {self.field_name or "answers": f"no such fields: {', '.join(unknown)}"},
                "unknown_field",
            )


class LetterSerializer(VersionSerializer):
    """Data of the letter; what is not named stays as it is."""

    letter_number = serializers.CharField(required=False, allow_blank=True, max_length=40)
    letter_date = serializers.DateField(required=False, allow_null=True)
    contact = AnswersField(required=False)
    note = serializers.CharField(required=False, allow_blank=True, max_length=_MOST_TEXT)


class NewRowsSerializer(VersionSerializer):
    """Rows to be put at the end of the list, in order."""

    rows = serializers.ListField(child=AnswersField(), min_length=1, max_length=MOST_ROWS)


class RowChangeSerializer(VersionSerializer):
    """Cells to be changed; a cell not named keeps its value."""

    answers = AnswersField()


class RowsChangedSerializer(VersionSerializer):
    """What a change of rows leaves behind."""

    row_count = serializers.IntegerField()


class TakeStepSerializer(VersionSerializer):
    """A step to be taken; ``pin`` opens the token that signs."""

    action = serializers.ChoiceField(choices=Action.choices)
    reason_code = serializers.CharField(required=False, default="", allow_blank=True, max_length=40)
    reason = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=_MOST_TEXT
    )
    pin = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=32,
        write_only=True,
        trim_whitespace=False,
    )


class StepTakenSerializer(serializers.Serializer[Any]):
    """The step, and the dossier after it (null when it left the account's sight)."""

    event = EventSerializer()
    dossier = DossierDetailSerializer(allow_null=True)


class RowDecisionSerializer(serializers.Serializer[Any]):
    """What is decided about one row. On minutes of devices given back ``reason`` is also the
    difference seen on a device that was received, ``serial_seen`` its number read off the thing."""

    row = serializers.UUIDField()
    decision = serializers.ChoiceField(choices=[Decision.ACCEPTED, Decision.REFUSED])
    reason = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=_MOST_TEXT
    )
    serial_seen = serializers.CharField(required=False, default="", allow_blank=True, max_length=60)


class QuestionSerializer(serializers.Serializer[Any]):
    """What is asked about some rows before their letter is presented for signature."""

    question = serializers.CharField(source="key")
    code = serializers.CharField()
    cell = serializers.CharField(source="field")
    rows = serializers.ListField(child=serializers.IntegerField())
    message = serializers.CharField()
    suggestion = serializers.CharField()
    answer = serializers.CharField(source="said", allow_blank=True)


class QuestionAnswerSerializer(serializers.Serializer[Any]):
    """``takes``: the suggestion goes into every row asked about; else ``words`` say why not."""

    question = serializers.CharField(max_length=64)
    takes = serializers.BooleanField(default=False)
    words = serializers.CharField(default="", allow_blank=True, max_length=500)


class QuestionAnswersSerializer(VersionSerializer):
    """Answers to questions; the others stay open."""

    answers = QuestionAnswerSerializer(many=True, allow_empty=False)


class DecisionsSerializer(VersionSerializer):
    """Decisions about rows; the others keep theirs."""

    decisions = RowDecisionSerializer(many=True, allow_empty=False)
