"""Dossiers: listed, drafted, filled and moved along through the services of the rooms."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.shortcuts import get_object_or_404
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.api.base import ByPosition, ByUpdate, PortalView
from portal.api.dossier_serializers import (
    AnswersField,
    DecisionsSerializer,
    DossierDetailSerializer,
    DossierSerializer,
    DraftSerializer,
    LetterSerializer,
    NewRowsSerializer,
    QuestionAnswersSerializer,
    QuestionSerializer,
    RowChangeSerializer,
    RowsChangedSerializer,
    RowSerializer,
    StepTakenSerializer,
    TakeStepSerializer,
    VersionSerializer,
)
from portal.api.errors import ProblemSerializer, RefusalSerializer
from portal.api.filters import DossierFilters
from portal.ca.models import Certificate
from requests_app import kinds
from requests_app.decision.services import RowDecision, decide_rows
from requests_app.dossier_pages.visibility import hides_rework
from requests_app.drafts.questions import Answer, answer_questions
from requests_app.drafts.services import (
    create_draft,
    import_rows,
    remove_row,
    save_letter,
    save_rows,
)
from requests_app.models import Dossier, DossierItem
from requests_app.models.querysets import DossierQuerySet
from requests_app.steps.engine import take_step
from requests_app.submission.checks import questions_of, row_findings

_ERRORS = {
    403: ProblemSerializer,
    404: ProblemSerializer,
    409: ProblemSerializer,
    422: RefusalSerializer,
}
_JOINED = ("agency", "office", "addressee")


class _OfDossier(PortalView):
    def get_queryset(self) -> Any:
        if self.is_described:
            return Dossier.objects.none()
        return self.visible()

    def visible(self) -> DossierQuerySet:
        return Dossier.objects.visible_to(self.actor).select_related(*_JOINED)

    def dossier(self, uuid: UUID) -> Dossier:
        return get_object_or_404(self.visible(), uuid=uuid)

    def whole(self, dossier: Dossier) -> dict[str, Any]:
        """Return the dossier as it is now, with its rows and events."""
        found = self.visible().prefetch_related(
            Prefetch("items__result", Certificate.objects.defer("der")), "events__actor"
        )
        fresh = found.get(pk=dossier.pk)
        return DossierDetailSerializer(fresh, context={"request": self.request}).data


class DossierList(_OfDossier, generics.ListAPIView[Dossier]):
    """Dossiers, the last changed first; POST opens a draft."""

    serializer_class = DossierSerializer
    filterset_class = DossierFilters
    pagination_class = ByUpdate

    @extend_schema(request=DraftSerializer, responses={201: DossierDetailSerializer} | _ERRORS)
    def post(self, request: Request) -> Response:
        asked = _asked(DraftSerializer, request)
        dossier = create_draft(
            asked["kind"], variant=asked["variant"], actor=self.actor, now=self.now
        )
        return Response(self.whole(dossier), status=status.HTTP_201_CREATED)


class DossierDetail(_OfDossier, APIView):
    """One dossier; PATCH changes the data of its letter."""

    @extend_schema(
        operation_id="dossiers_retrieve",
        responses={200: DossierDetailSerializer, 404: ProblemSerializer},
    )
    def get(self, request: Request, uuid: UUID) -> Response:
        return Response(self.whole(self.dossier(uuid)))

    @extend_schema(
        operation_id="dossiers_partial_update",
        request=LetterSerializer,
        responses={200: DossierDetailSerializer} | _ERRORS,
    )
    def patch(self, request: Request, uuid: UUID) -> Response:
        dossier = self.dossier(uuid)
        asked = _asked(LetterSerializer, request)
        contact = asked.get("contact", {})
        AnswersField().check(contact, kinds.get(dossier.kind).contact_fields)
        save_letter(
            dossier,
            letter_number=asked.get("letter_number", dossier.letter_number),
            letter_date=asked.get("letter_date", dossier.letter_date),
            contact=dossier.contact | contact,
            note=asked.get("note", dossier.note),
            signer=dossier.signer,
            actor=self.actor,
            now=self.now,
            version=asked["version"],
        )
        return Response(self.whole(dossier))


class RowList(_OfDossier, generics.ListAPIView[DossierItem]):
    """The rows of a dossier with their answers; POST appends rows."""

    serializer_class = RowSerializer
    pagination_class = ByPosition
    filter_backends = ()

    def get_queryset(self) -> Any:
        if self.is_described:
            return DossierItem.objects.none()
        dossier = self.dossier(self.kwargs["uuid"])
        if hides_rework(dossier, self.actor):
            return DossierItem.objects.none()
        return dossier.items.select_related("dossier", "result")

    @extend_schema(
        operation_id="dossiers_rows_create",
        request=NewRowsSerializer,
        responses={201: RowsChangedSerializer} | _ERRORS,
    )
    def post(self, request: Request, uuid: UUID) -> Response:
        dossier = self.dossier(uuid)
        asked = _asked(NewRowsSerializer, request)
        for answers in asked["rows"]:
            AnswersField().check(answers, kinds.get(dossier.kind).fields)
        import_rows(
            dossier, asked["rows"], actor=self.actor, now=self.now, version=asked["version"]
        )
        return Response(_rows_changed(dossier), status=status.HTTP_201_CREATED)


class RowDetail(_OfDossier, APIView):
    """One row of a draft."""

    @extend_schema(
        operation_id="dossiers_rows_partial_update",
        request=RowChangeSerializer,
        responses={200: RowsChangedSerializer} | _ERRORS,
    )
    def patch(self, request: Request, uuid: UUID, row: UUID) -> Response:
        dossier = self.dossier(uuid)
        asked = _asked(RowChangeSerializer, request)
        AnswersField().check(asked["answers"], kinds.get(dossier.kind).fields)
        item = get_object_or_404(dossier.items, uuid=row)
        save_rows(
            dossier,
            {item.uuid: asked["answers"]},
            actor=self.actor,
            now=self.now,
            version=asked["version"],
        )
        return Response(_rows_changed(dossier))

    @extend_schema(
        operation_id="dossiers_rows_destroy",
        parameters=[OpenApiParameter("version", int, required=True)],
        responses={200: RowsChangedSerializer} | _ERRORS,
    )
    def delete(self, request: Request, uuid: UUID, row: UUID) -> Response:
        dossier = self.dossier(uuid)
        asked = VersionSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        remove_row(
            dossier,
            row,
            actor=self.actor,
            now=self.now,
            version=asked.validated_data["version"],
        )
        return Response(_rows_changed(dossier))


class Questions(_OfDossier, APIView):
    """What is asked about the rows; a POST answers, before the step ``request_signature``."""

    @extend_schema(
        operation_id="dossiers_questions_list",
        responses={200: QuestionSerializer(many=True), 404: ProblemSerializer},
    )
    def get(self, request: Request, uuid: UUID) -> Response:
        dossier = self.dossier(uuid)
        if hides_rework(dossier, self.actor):
            return Response([])
        asked = questions_of(dossier, row_findings(dossier, now=self.now))
        return Response(QuestionSerializer(asked, many=True).data)

    @extend_schema(
        operation_id="dossiers_questions_create",
        request=QuestionAnswersSerializer,
        responses={200: DossierDetailSerializer} | _ERRORS,
    )
    def post(self, request: Request, uuid: UUID) -> Response:
        dossier = self.dossier(uuid)
        asked = _asked(QuestionAnswersSerializer, request)
        answer_questions(
            dossier,
            {
                one["question"]: Answer(takes=one["takes"], words=one["words"])
                for one in asked["answers"]
            },
            actor=self.actor,
            now=self.now,
            version=asked["version"],
        )
        return Response(self.whole(dossier))


class Steps(_OfDossier, APIView):
    """Taking one of the dossier's ``allowed_actions``."""

    @extend_schema(
        operation_id="dossiers_steps_create",
        request=TakeStepSerializer,
        responses={200: StepTakenSerializer} | _ERRORS,
    )
    @method_decorator(sensitive_variables("asked"))
    def post(self, request: Request, uuid: UUID) -> Response:
        dossier = self.dossier(uuid)
        asked = _asked(TakeStepSerializer, request)
        event = take_step(
            dossier,
            asked["action"],
            actor=self.actor,
            now=self.now,
            version=asked["version"],
            reason_code=asked["reason_code"],
            reason=asked["reason"],
            pin=asked["pin"],
        )
        is_seen = self.visible().filter(pk=dossier.pk).exists()
        answer = {"event": event, "dossier": None}
        data = StepTakenSerializer(answer, context={"request": request}).data
        return Response(data | {"dossier": self.whole(dossier) if is_seen else None})


class Decisions(_OfDossier, APIView):
    """Deciding row by row, before the step ``decide``; on minutes before ``take_all`` and
    ``take_some``."""

    @extend_schema(
        operation_id="dossiers_decisions_create",
        request=DecisionsSerializer,
        responses={200: DossierDetailSerializer} | _ERRORS,
    )
    def post(self, request: Request, uuid: UUID) -> Response:
        dossier = self.dossier(uuid)
        asked = _asked(DecisionsSerializer, request)
        decide_rows(
            dossier,
            {
                one["row"]: RowDecision(one["decision"], one["reason"], one["serial_seen"])
                for one in asked["decisions"]
            },
            actor=self.actor,
            now=self.now,
            version=asked["version"],
        )
        return Response(self.whole(dossier))


def _asked(kind: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return what the request says, or raise ValidationError (400)."""
    asked = kind(data=request.data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


def _rows_changed(dossier: Dossier) -> dict[str, Any]:
    dossier.refresh_from_db(fields=["version", "row_count"])
    return RowsChangedSerializer(dossier).data
