"""Addresses of deadlines and of the working-day table, under /thoi-han/."""

from __future__ import annotations

from datetime import date

from django.urls import path, register_converter

from portal.deadlines import views, views_month


class DayConverter:
    """An ISO day; what is no day finds no page."""

    regex = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def to_python(self, value: str) -> date:
        return date.fromisoformat(value)

    def to_url(self, value: date) -> str:
        return value.isoformat()


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
