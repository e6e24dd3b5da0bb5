"""Addresses of the pages on which a reorganisation is described."""

from __future__ import annotations

from django.urls import URLPattern, path

from orgmerge.description import views

urlpatterns: list[URLPattern] = [
    path("moi/", views.start, name="start"),
    path("<uuid:code>/sua/", views.edit, name="edit"),
    path("<uuid:code>/don-vi/them/", views.add_body, name="add_body"),
    path("<uuid:code>/don-vi/<uuid:body_code>/", views.body, name="body"),
    path("<uuid:code>/don-vi/<uuid:body_code>/sua/", views.edit_body, name="edit_body"),
    path("<uuid:code>/don-vi/<uuid:body_code>/bo/", views.remove_body, name="remove_body"),
    path("<uuid:code>/don-vi/<uuid:body_code>/dong/", views.add_row, name="add_row"),
    path("<uuid:code>/giai-the/", views.add_row, name="add_ended"),
    path("<uuid:code>/dong/<int:number>/", views.edit_row, name="edit_row"),
]
