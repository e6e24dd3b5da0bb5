"""Addresses written into certificates: they never change."""

from __future__ import annotations

from django.urls import path

from portal.ca.authority import views as views_pki

app_name = "pki"

urlpatterns = [
    path("root.crt", views_pki.root, name="root"),
    path("issuing.crt", views_pki.issuing, name="issuing"),
    path("crl", views_pki.crl, name="crl"),
    path("ocsp", views_pki.ocsp, name="ocsp"),
    path("ocsp/<path:encoded>", views_pki.ocsp_get, name="ocsp_get"),
]
