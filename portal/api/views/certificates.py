"""Certificates, as the asking account sees them."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from portal.api.base import ByEnd, PortalView
from portal.api.filters import CertificateFilters
from portal.api.references import AgencyReference, SubscriberReference
from portal.ca.models import Certificate, CertificateState, Storage
from portal.ca.querysets import CertificateQuerySet
from portal.ca.register import services


class CertificateSerializer(serializers.ModelSerializer[Certificate]):
    """A certificate in lists; its state is of this moment."""

    agency = AgencyReference()
    state = serializers.SerializerMethodField()
    storage = serializers.ChoiceField(choices=Storage.choices, source="key.storage")

    class Meta:
        model = Certificate
        fields = [
            "uuid", "serial", "kind", "common_name", "email", "agency", "storage",
            "not_before", "not_after", "state", "revoked_at", "revocation_reason",
        ]  # fmt: skip

    def get_state(self, certificate: Certificate) -> CertificateState:
        return certificate.state(timezone.now())


class CertificateDetailSerializer(CertificateSerializer):
    """A certificate with its subject, key and predecessor."""

    subscriber = SubscriberReference()
    algorithm = serializers.CharField(source="key.algorithm")
    predecessor = serializers.UUIDField(source="predecessor.uuid", allow_null=True, default=None)

    class Meta(CertificateSerializer.Meta):
        fields = [
            *CertificateSerializer.Meta.fields,
            "subject", "subscriber", "algorithm", "thumbprint", "predecessor", "renewals",
            "issued_at", "installed_at",
        ]  # fmt: skip


class _Visible(PortalView):
    def get_queryset(self) -> CertificateQuerySet:
        if self.is_described:
            return Certificate.objects.none()
        return Certificate.objects.visible_to(self.actor).for_list()


class CertificateList(_Visible, generics.ListAPIView[Certificate]):
    """Certificates, those that end last first."""

    serializer_class = CertificateSerializer
    filterset_class = CertificateFilters
    pagination_class = ByEnd


class CertificateDetail(_Visible, generics.RetrieveAPIView[Certificate]):
    """One certificate."""

    serializer_class = CertificateDetailSerializer
    lookup_field = "uuid"

    def get_queryset(self) -> CertificateQuerySet:
        found = super().get_queryset()
        return found.defer(None).select_related("subscriber", "predecessor")


class CertificatePem(_Visible, APIView):
    """The certificate itself."""

    @extend_schema(
        operation_id="certificates_pem",
        responses={(200, "application/x-pem-file"): OpenApiResponse(OpenApiTypes.STR)},
    )
    def get(self, request: Request, uuid: UUID) -> HttpResponse:
        certificate = get_object_or_404(self.get_queryset(), uuid=uuid)
        return HttpResponse(
            services.pem(bytes(certificate.der)),
            content_type="application/x-pem-file",
            headers={"Content-Disposition": f'attachment; filename="{certificate.serial}.pem"'},
        )
