"""Addresses of accounts, under /tai-khoan/."""

from django.urls import path

from portal.accounts.views import changes, feeds, grants, password_choice, sign_in, users

app_name = "accounts"

urlpatterns = [
    path("", users.user_list, name="users"),
    path("dang-nhap/", sign_in.SignIn.as_view(), name="login"),
    path("dang-xuat/", sign_in.SignOut.as_view(), name="logout"),
    path("phien/", sign_in.session_state, name="session"),
    path("noi-dung-chua-luu/", sign_in.kept_form, name="kept"),
    path("doi-mat-khau/", sign_in.password_change, name="password_change"),
    path("nhap-ma/", password_choice.enter_code, name="enter_code"),
    path("dat-mat-khau/", password_choice.choose_password, name="choose_password"),
    path("dat-mat-khau/<str:token>/", password_choice.open_link, name="open_link"),
    path("lich/", feeds.calendar_feed, name="calendar_feed"),
    path("them/", users.create, name="create"),
    path("vai-tro/", grants.grant_list, name="grants"),
    path("vai-tro/<uuid:uuid>/xac-nhan/", grants.confirm, name="confirm_role"),
    path("vai-tro/<uuid:uuid>/tu-choi/", grants.decline, name="decline_role"),
    path("vai-tro/<uuid:uuid>/rut/", grants.withdraw, name="withdraw_role"),
    path("thay-doi/<uuid:uuid>/xac-nhan/", changes.confirm, name="confirm_change"),
    path("thay-doi/<uuid:uuid>/tu-choi/", changes.decline, name="decline_change"),
    path("thay-doi/<uuid:uuid>/rut/", changes.withdraw, name="withdraw_change"),
    path("<uuid:uuid>/", users.detail, name="detail"),
    path("<uuid:uuid>/de-nghi-vai-tro/", users.propose_role, name="propose_role"),
    path("<uuid:uuid>/ngung/", users.deactivate, name="deactivate"),
    path("<uuid:uuid>/dat-lai-mat-khau/", changes.propose_reset, name="propose_reset"),
    path("<uuid:uuid>/doi-dia-chi-thu/", changes.propose_address, name="propose_address"),
]
