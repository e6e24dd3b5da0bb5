"""Addresses of the API, under /api/v1/."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from portal.api.views import certificates, devices, dossiers, kinds, tokens, usage

app_name = "api"

urlpatterns = [
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("token", tokens.Token.as_view(), name="token"),
    path("kinds", kinds.KindList.as_view(), name="kinds"),
    path("kinds/<str:code>", kinds.KindDetail.as_view(), name="kind"),
    path("dossiers", dossiers.DossierList.as_view(), name="dossiers"),
    path("dossiers/<uuid:uuid>", dossiers.DossierDetail.as_view(), name="dossier"),
    path("dossiers/<uuid:uuid>/rows", dossiers.RowList.as_view(), name="rows"),
    path("dossiers/<uuid:uuid>/rows/<uuid:row>", dossiers.RowDetail.as_view(), name="row"),
    path("dossiers/<uuid:uuid>/questions", dossiers.Questions.as_view(), name="questions"),
    path("dossiers/<uuid:uuid>/steps", dossiers.Steps.as_view(), name="steps"),
    path("dossiers/<uuid:uuid>/decisions", dossiers.Decisions.as_view(), name="decisions"),
    path("certificates", certificates.CertificateList.as_view(), name="certificates"),
    path("certificates/<uuid:uuid>", certificates.CertificateDetail.as_view(), name="certificate"),
    path(
        "certificates/<uuid:uuid>.pem",
        certificates.CertificatePem.as_view(),
        name="certificate_pem",
    ),
    path("devices", devices.DeviceList.as_view(), name="devices"),
    path("devices/<uuid:uuid>", devices.DeviceDetail.as_view(), name="device"),
    path("usage/events", usage.UsageEvents.as_view(), name="usage_events"),
]
