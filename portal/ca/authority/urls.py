"""Addresses written into certificates: they never change."""

from __future__ import annotations

from django.urls import path

from portal.ca.authority import views as views_pki
from portal.ca.models import FIRST_ISSUING

app_name = "pki"

urlpatterns = [
    # Those in the certificates of the first CA, from before there could be a second.
    path("root.crt", views_pki.certificate, {"ca": "root"}, name="root"),
    path("issuing.crt", views_pki.certificate, {"ca": FIRST_ISSUING}, name="issuing"),
    path("crl", views_pki.crl, name="crl"),
    path("tsa", views_pki.timestamp, name="timestamp"),
    path("ocsp", views_pki.ocsp, name="ocsp"),
    path("ocsp/<path:encoded>", views_pki.ocsp_get, name="ocsp_get"),
    path("<slug:ca>/ca.crt", views_pki.certificate, name="ca_certificate"),
    path("<slug:ca>/<slug:signed_by>.crt", views_pki.certificate, name="ca_cross_certificate"),
    path("<slug:ca>/crl", views_pki.crl, name="ca_crl"),
    path("<slug:ca>/ocsp", views_pki.ocsp, name="ca_ocsp"),
    path("<slug:ca>/ocsp/<path:encoded>", views_pki.ocsp_get, name="ca_ocsp_get"),
]
