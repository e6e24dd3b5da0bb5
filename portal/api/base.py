"""What every view of the API shares: who asks, what is answered to an error, how lists are cut."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from drf_spectacular.authentication import SessionScheme
from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox.auth import TokenAuthentication
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts import services, sessions
from portal.accounts.models import User
from portal.api.errors import answer_to
from portal.core.web.paging import cursor_value

if TYPE_CHECKING:
    _View = APIView
else:
    _View = object


class PageSession(SessionAuthentication):
    """The session of the pages, which ends here when it ends there."""

    def authenticate(self, request: Request) -> Any:
        found = super().authenticate(request)
        if found is None:
            return None
        now = timezone.now()
        if sessions.is_over(request.session, now=now):
            return None
        sessions.touch(request.session, now=now)
        return found


class ApiToken(TokenAuthentication):  # type: ignore[misc]  # knox has no types
    """A token of the API; that one was used for the first time is recorded."""

    def authenticate_credentials(self, token: bytes) -> Any:
        user, kept = super().authenticate_credentials(token)
        services.note_first_use(kept, now=timezone.now())
        return user, kept


class HasOwnPassword(BasePermission):
    """Nobody works with a password that somebody else made."""

    code = "password_must_change"
    message = _("Mật khẩu chỉ dùng một lần: đặt mật khẩu mới trên cổng trước.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.user, User) and not request.user.must_change_password


class PortalView(_View):
    """Mixed into each view that asks who is there."""

    authentication_classes: Any = [ApiToken, PageSession]
    permission_classes: Any = [IsAuthenticated, HasOwnPassword]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if isinstance(request.user, User):
            request.user.note_time(self.now)

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response | None]:
        return answer_to

    @property
    def actor(self) -> User:
        """The account that asks."""
        assert isinstance(self.request.user, User)
        return self.request.user

    @cached_property
    def now(self) -> datetime:
        """The moment of this request."""
        return timezone.now()

    @property
    def is_described(self) -> bool:
        """Whether the view is asked by drf-spectacular what it is, and by nobody else."""
        return bool(getattr(self, "swagger_fake_view", False))


class _Pages(CursorPagination):
    """Pages by key: the thousandth costs what the first costs."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def get_ordering(self, request: Any, queryset: Any, view: Any) -> Any:
        ordering = super().get_ordering(request, queryset, view)
        self._column = queryset.model._meta.get_field(ordering[0].removeprefix("-"))
        return ordering

    def decode_cursor(self, request: Request) -> Any:
        """Read the cursor; raises NotFound for a place that no row can hold."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            position = str(cursor.position)
            if cursor_value(self._column, position) is None:
                raise NotFound(self.invalid_cursor_message)
        return cursor


class ByUpdate(_Pages):
    ordering = ("-updated_at", "-id")


class ByEnd(_Pages):
    ordering = ("-not_after", "-id")


class ByEntry(_Pages):
    ordering = ("-id",)


class ByPosition(_Pages):
    ordering = ("position",)


class ApiTokenScheme(KnoxTokenScheme):  # type: ignore[no-untyped-call]
    """Described as knox's own."""

    target_class = "portal.api.base.ApiToken"


class PageSessionScheme(SessionScheme):  # type: ignore[no-untyped-call]
    """The session of the pages is a cookie like any other; drf-spectacular finds this by itself."""

    target_class = "portal.api.base.PageSession"
    name = "cookieAuth"
