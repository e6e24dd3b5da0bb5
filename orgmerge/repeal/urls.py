"""Address of the page on which a reorganisation is repealed."""

from __future__ import annotations

from django.urls import URLPattern, path

from orgmerge.repeal import views

urlpatterns: list[URLPattern] = [path("<uuid:code>/bai-bo/", views.repeal, name="repeal")]
