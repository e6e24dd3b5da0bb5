"""Addresses of deadlines and of the working-day table, under /thoi-han/."""

from __future__ import annotations

from django.urls import path, register_converter

from portal.core.web.converters import DayConverter
from portal.deadlines import views, views_month

register_converter(DayConverter, "day")

app_name = "deadlines"
urlpatterns = [
    path("", views.deadline_list, name="list"),
    path("thang/", views_month.month_page, name="month"),
    path("lich/", views.calendar_page, name="calendar"),
    path("lich/them/", views.add_day, name="add_day"),
    path("lich/<day:day>/", views.edit_day, name="edit_day"),
    path("lich/<day:day>/bo/", views.remove_day, name="remove_day"),
]
