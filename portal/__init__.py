"""The portal for public-service signing certificates (chữ ký số chuyên dùng công vụ)."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
