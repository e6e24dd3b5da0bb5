"""Addresses of the search, under /tim-kiem/."""

from django.urls import path

from portal.search import views

app_name = "search"

urlpatterns = [
    path("", views.results, name="results"),
    path("goi-y/", views.offers, name="offers"),
]
