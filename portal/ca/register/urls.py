"""Addresses of certificates."""

from __future__ import annotations

from django.urls import path

from portal.ca.register import views, views_installation

app_name = "ca"

urlpatterns = [
    path("", views.certificate_list, name="list"),
    path("<uuid:code>/", views.detail, name="detail"),
    path("<uuid:code>/da-cai-dat/", views_installation.confirm_installed, name="confirm_installed"),
    path("<uuid:code>/chung-thu.cer", views.download_cer, name="cer"),
    path("<uuid:code>/chung-thu.pem", views.download_pem, name="pem"),
    path("<uuid:code>/chuoi.pem", views.download_chain, name="chain"),
]
