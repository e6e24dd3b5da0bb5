"""Tokens: an account name and a password for a secret that ends by itself."""

from __future__ import annotations

from typing import Any

from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts import services, sign_in
from portal.accounts.addresses import client_address
from portal.api.base import ApiToken, HasOwnPassword, PortalView
from portal.api.errors import ProblemSerializer


class CredentialsSerializer(serializers.Serializer[Any]):
    """Who asks for a token."""

    username = serializers.CharField(max_length=60)
    password = serializers.CharField(max_length=200, trim_whitespace=False, write_only=True)


class TokenSerializer(serializers.Serializer[Any]):
    """The token, for the header ``Authorization: Token …``; it is shown this once."""

    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class Token(PortalView, APIView):
    """One address: POST gives a token, DELETE ends the one that is sent along."""

    def get_authenticators(self) -> list[BaseAuthentication]:
        # Who asks for a token may still send an old one: it is not looked at.
        return [] if self._asks() else [ApiToken()]

    def get_permissions(self) -> Any:
        return [] if self._asks() else super().get_permissions()

    def _asks(self) -> bool:
        return getattr(self.request, "method", "") == "POST"  # None while it is described

    @extend_schema(
        operation_id="token_create",
        request=CredentialsSerializer,
        auth=[],
        responses={
            201: TokenSerializer,
            401: ProblemSerializer,
            403: ProblemSerializer,
            429: ProblemSerializer,
        },
    )
    @method_decorator(sensitive_variables("asked"))
    def post(self, request: Request) -> Response:
        """Give a token; wrong passwords count as they do on the page."""
        asked = CredentialsSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        place = sign_in.Place(client_address(request._request))
        user = sign_in.check(
            asked.validated_data["username"],
            asked.validated_data["password"],
            place=place,
            now=self.now,
        )
        if user.must_change_password:
            raise PermissionDenied(HasOwnPassword.message, HasOwnPassword.code)
        token, expires_at = services.make_token(user, address=place.address, now=self.now)
        data = TokenSerializer({"token": token, "expires_at": expires_at}).data
        return Response(data, status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="token_end", request=None, responses={204: None, 401: ProblemSerializer}
    )
    def delete(self, request: Request) -> Response:
        """End the token that is sent along."""
        services.end_token(request.auth, now=self.now)
        return Response(status=status.HTTP_204_NO_CONTENT)
