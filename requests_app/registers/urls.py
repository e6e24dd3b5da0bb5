"""Addresses of the registers."""

from __future__ import annotations

from django.urls import path

from requests_app.registers import views as registers

app_name = "registers"

urlpatterns = [
    path("", registers.index, name="index"),
    path("<slug:name>/", registers.register, name="register"),
]
