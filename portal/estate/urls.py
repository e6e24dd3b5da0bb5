"""Addresses of what is brought in."""

from __future__ import annotations

from django.urls import path

from portal.estate import views

app_name = "estate"
urlpatterns = [
    path("", views.delivery_list, name="list"),
    path("tai-khoan/", views.accounts, name="accounts"),
    path("hoi/", views.questions, name="questions"),
    path("<uuid:uuid>/", views.delivery, name="delivery"),
    path("<uuid:uuid>/cot/<uuid:file>/", views.columns, name="columns"),
    path("<uuid:uuid>/quyet-dinh/", views.decide, name="decide"),
    path("<uuid:uuid>/dua-vao/", views.start, name="start"),
    path("<uuid:uuid>/xu-ly/", views.mend, name="mend"),
    path("<uuid:uuid>/go-ra/", views.undo, name="undo"),
    path("<uuid:uuid>/bo/", views.drop, name="drop"),
]
