"""Signing events, from the systems that sign: each proves itself by a token of its own."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.api.base import PortalView
from portal.api.errors import ProblemSerializer, RefusalSerializer
from portal.api.parsers import BoundedJSONParser
from portal.usage.models import SystemToken, UsageBatch
from portal.usage.receiving.events import FAULTS
from portal.usage.receiving.services import receive
from portal.usage.rules import MOST_EVENTS, DocumentKind
from portal.usage.systems.services import token_named

_SCHEME = b"bearer"


class SystemTokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer …``, the token that was shown when it was made."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, SystemToken] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != _SCHEME:
            return None
        token = token_named(parts[1].decode("latin-1")) if len(parts) > 1 else None
        if token is None:
            raise AuthenticationFailed(_("Mã truy cập không đúng hoặc đã bị hủy."), "bad_token")
        return AnonymousUser(), token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class SystemTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Found by drf-spectacular by itself."""

    target_class = SystemTokenAuthentication
    name = "systemToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class IsSystem(BasePermission):
    """Only a system reports, never a person."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, SystemToken)


class SigningEventSerializer(serializers.Serializer[Any]):
    """One signature: never what was signed."""

    id = serializers.CharField(help_text="The system's own id of it: sent again, it counts once.")
    serial = serializers.CharField(help_text="Serial number of the certificate, hexadecimal.")
    moment = serializers.DateTimeField(help_text="With its time zone: 2026-11-20T09:30:00+07:00.")
    kind = serializers.ChoiceField(choices=DocumentKind.choices, required=False)


class SentSerializer(serializers.Serializer[Any]):
    """When a batch was sent, by the system's own clock."""

    sent_at = serializers.DateTimeField(required=False)


class BatchSerializer(SentSerializer):
    """A batch as it is described; its events are judged one by one."""

    events = SigningEventSerializer(many=True)


class AnswerSerializer(serializers.Serializer[Any]):
    """What became of one event, in the order they were sent."""

    id = serializers.CharField(help_text="Empty where none could be read.")
    status = serializers.ChoiceField(choices=["accepted", "known", "refused"])
    code = serializers.ChoiceField(choices=["", *FAULTS], help_text="Why it was refused.")


class ReceiptSerializer(serializers.Serializer[Any]):
    """What became of a batch."""

    batch = serializers.UUIDField()
    received_at = serializers.DateTimeField()
    accepted = serializers.IntegerField()
    known = serializers.IntegerField()
    refused = serializers.IntegerField()
    clock_skew_seconds = serializers.IntegerField(
        allow_null=True, help_text="How far the system's clock is ahead, where it is much."
    )
    events = AnswerSerializer(many=True)


class UsageEvents(PortalView, APIView):
    """Where systems that sign report; up to 10,000 events at once."""

    authentication_classes = [SystemTokenAuthentication]
    permission_classes = [IsSystem]
    parser_classes = [BoundedJSONParser]

    @extend_schema(
        operation_id="usage_events",
        request=BatchSerializer,
        responses={
            200: ReceiptSerializer,
            401: ProblemSerializer,
            422: RefusalSerializer,
        },
    )
    def post(self, request: Request) -> Response:
        """Take events; each is answered by itself."""
        data = request.data
        if not isinstance(data, dict) or not isinstance(data.get("events"), list):
            message = _("Gửi một đối tượng có danh sách events, nhiều nhất %(most)d lượt ký.")
            raise ValidationError({"events": [message % {"most": MOST_EVENTS}]})
        sent = SentSerializer(data={name: data[name] for name in ("sent_at",) if name in data})
        sent.is_valid(raise_exception=True)
        token = request.auth
        assert isinstance(token, SystemToken)
        receipt = receive(
            token.system,
            data["events"],
            channel=UsageBatch.Channel.API,
            token=token,
            sent_at=sent.validated_data.get("sent_at"),
            now=self.now,
        )
        batch, skew = receipt.batch, receipt.skew
        return Response(
            {
                "batch": str(batch.uuid),
                "received_at": batch.received_at.isoformat(),
                "accepted": batch.accepted,
                "known": batch.known,
                "refused": batch.refused,
                "clock_skew_seconds": int(skew.total_seconds()) if skew is not None else None,
                "events": [
                    {"id": one.event_id, "status": one.status, "code": one.code}
                    for one in receipt.answers
                ],
            }
        )
