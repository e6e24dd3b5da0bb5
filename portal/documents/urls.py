"""The public page that checks a signed document."""

from django.urls import path

from portal.documents import views

app_name = "documents"
urlpatterns = [path("", views.check, name="check")]
