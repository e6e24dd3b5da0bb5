"""Addresses of the support desk."""

from __future__ import annotations

from django.urls import path

from portal.support.desk import views as desk
from portal.support.knowledge import views as knowledge
from portal.support.questions import views as questions

app_name = "support"

urlpatterns = [
    path("", desk.index, name="index"),
    path("hoi/", questions.ask, name="ask"),
    path("hoi/goi-y/", questions.suggest, name="suggest"),
    path("cau-hoi/<uuid:uuid>/", questions.question, name="question"),
    path("cau-hoi/<uuid:uuid>/buoc/", questions.take_step, name="take_step"),
    path("cau-hoi/<uuid:uuid>/mau-06/", questions.recover, name="recover"),
    path("cau-hoi/<uuid:uuid>/tep/<uuid:file_uuid>/", questions.file, name="file"),
    path("ban-ho-tro/", desk.desk, name="desk"),
    path("lap-lai/", desk.repeats, name="repeats"),
    path("bai/", knowledge.articles, name="articles"),
    path("bai/moi/", knowledge.write, name="write_new"),
    path("bai/hinh/<uuid:uuid>/", knowledge.picture, name="picture"),
    path("bai/<slug:slug>/", knowledge.article, name="article"),
    path("bai/<slug:slug>/sua/", knowledge.write, name="write"),
    path("bai/<slug:slug>/hinh/", knowledge.add_picture, name="add_picture"),
    path("bai/<slug:slug>/thoi-cong-bo/", knowledge.unpublish, name="unpublish"),
    path("bai/<slug:slug>/phien-ban/<int:number>/", knowledge.version, name="version"),
    path("bai/<slug:slug>/phien-ban/<int:number>/cong-bo/", knowledge.publish, name="publish"),
]
