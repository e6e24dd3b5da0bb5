"""The catalogue of forms: what a program has to send."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.api.base import PortalView
from portal.api.errors import ProblemSerializer
from portal.api.references import ChoiceSerializer
from requests_app import kinds
from requests_app.kinds.base import Field, Kind


class FieldSerializer(serializers.Serializer[Field]):
    """One field of a row or of section 1, with its official label."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    hint = serializers.CharField()
    is_required = serializers.BooleanField()
    max_length = serializers.IntegerField()
    choices = serializers.SerializerMethodField()

    @extend_schema_field(ChoiceSerializer(many=True))
    def get_choices(self, field: Field) -> list[dict[str, str]]:
        return [{"code": code, "label": str(label)} for code, label in field.choices]


class KindSerializer(serializers.Serializer[Kind]):
    """A form: title and source."""

    code = serializers.CharField()
    number = serializers.CharField()
    version = serializers.CharField()
    title = serializers.CharField()
    legal_basis = serializers.CharField()
    about = serializers.CharField()


class KindDetailSerializer(KindSerializer):
    """A form with its variants and fields."""

    variants = serializers.SerializerMethodField()
    contact_fields = FieldSerializer(many=True)
    row_fields = FieldSerializer(many=True, source="fields")

    @extend_schema_field(ChoiceSerializer(many=True))
    def get_variants(self, kind: Kind) -> list[dict[str, str]]:
        return [{"code": code, "label": kind.subject_of(code)} for code in kind.variants]


class KindList(PortalView, APIView):
    """The forms the portal takes."""

    @extend_schema(operation_id="kinds_list", responses=KindSerializer(many=True))
    def get(self, request: Request) -> Response:
        return Response([KindSerializer(kind).data for kind in kinds.KINDS.values()])


class KindDetail(PortalView, APIView):
    """One form."""

    @extend_schema(
        operation_id="kinds_retrieve",
        responses={200: KindDetailSerializer, 404: ProblemSerializer},
    )
    def get(self, request: Request, code: str, **_: Any) -> Response:
        if code not in kinds.KINDS:
            raise Http404
        return Response(KindDetailSerializer(kinds.get(code)).data)
