"""What makes a password fit: long enough, and not the first thing somebody would try here."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from zxcvbn import zxcvbn

from portal.core.rules import Refused, Violation
from portal.core.text.vietnamese import search_key

if TYPE_CHECKING:
    from portal.accounts.models import User

FEWEST_GUESSES = 10**10  # what zxcvbn calls "very unguessable" begins here
_LONGEST_LOOKED_AT = 72  # characters; the time zxcvbn takes grows with the square
_FEWEST_OF_ONES_OWN = 8  # letters besides what is known of the owner
_SHORTEST_PIECE = 4  # letters: shorter ones occur in anything
# What people here build passwords from, besides the lists of zxcvbn: without marks or spaces.
_BASE_WORDS = (
    "matkhau matma baomat vietnam hanoi saigon tphcm hochiminh hue danang haiphong cantho "
    "dalat laichau dienbien sonla lao laocai caobang langson tuyenquang thainguyen phutho "
    "bacninh hungyen quangninh ninhbinh thanhhoa nghean hatinh quangtri quangngai gialai "
    "khanhhoa lamdong daklak dongnai tayninh vinhlong dongthap angiang camau bacgiang hagiang "
    "yenbai anhyeuem emyeuanh yeuem yeuanh yeuconyeu iloveyou conyeu giadinh bome banbe "
    "hanhphuc xinchao chaoban taikhoan dangnhap nguoidung mothaiba motnamhaiba khongbiet "
    "khongcopass quantri quantrivien quantrihethong hethong vanthu lanhdao chutich giamdoc "
    "cucthongtin chukyso chungthu chungthuso congvu coyeu banco bancoyeu congan bodoi nhanuoc "
    "chinhphu uyban ubnd hdnd donvi coquan khoahoc congnghe khcn sokhcn thongtin truyenthong "
    "tinhoc congthongtin nguyen tran pham hoang huynh phan dang bui duong anhem quehuong "
    "toquoc thanglong hoabinh muaxuan admin123 abc123 abcd1234 abc1234 qwerty asdfgh zxcvbn"
)


class HardToGuess:
    """A validator of Django's: refuses the owner's own data and what is quickly guessed.

    Both are looked for without marks, spaces and case ("Mật khẩu" is "matkhau"); letters written
    as digits or signs, runs of the keyboard, repetitions and dates are what zxcvbn knows.
    """

    def validate(self, password: str, user: User | None = None) -> None:
        pieces = _known_of(user) if user is not None else set()
        joined = re.sub(r"[^a-z0-9]", "", search_key(password))
        rest = joined
        for piece in sorted((one for one in pieces if one in joined), key=len, reverse=True):
            rest = rest.replace(piece, "")
        letters = re.sub(r"\d", "", rest)
        if rest != joined and len(letters) < _FEWEST_OF_ONES_OWN:
            raise ValidationError(
                _("Mật khẩu quá giống họ tên, ngày sinh, tên đăng nhập, thư điện tử hoặc đơn vị."),
                code="password_too_similar",
            )
        known = [*_BASE_WORDS.split(), *sorted(pieces)]
        written = (password, search_key(password), joined)
        if any(
            one and zxcvbn(one[:_LONGEST_LOOKED_AT], user_inputs=known)["guesses"] < FEWEST_GUESSES
            for one in written
        ):
            raise ValidationError(
                _("Mật khẩu này phổ biến, dễ đoán. Ghép bốn, năm tiếng không liên quan với nhau."),
                code="password_too_common",
            )

    def get_help_text(self) -> str:
        return _("Không dùng tên, ngày sinh, đơn vị của mình hay cụm từ nhiều người hay đặt.")


def refuse_unfit(password: str, user: User) -> None:
    """Raise Refused with each reason why ``user`` can't have this password."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        found = []
        for one in error.error_list:
            params: Any = one.params or {}
            words = str(one.message)
            if one.code == "password_too_short":  # Django's own words are partly English
                words = _("Mật khẩu quá ngắn: phải có ít nhất %(min_length)d ký tự.") % params
            elif one.code == "password_entirely_numeric":
                words = _("Mật khẩu không được chỉ gồm chữ số.")
            found.append(Violation(str(one.code), words))
        raise Refused(*found) from error


def _known_of(user: User) -> set[str]:
    """Return what anybody who knows the owner would try: names, whole and by syllables, dates."""
    texts = [user.username, user.full_name, user.email.partition("@")[0]]
    if user.agency_id is not None:
        texts.append(user.agency.name)
    found = set()
    for text in texts:
        parts = [part for part in re.split(r"[^a-z0-9]+", search_key(text)) if part]
        found |= {"".join(parts), *parts, *(a + b for a, b in pairwise(parts))}
        if parts:
            found |= {parts[-1] + parts[0], parts[-1] + "".join(parts[:-1])}
    born = user.person.birth_on if user.person is not None else None
    if born is not None:
        forms = ("%d%m%Y", "%d%m%y", "%Y%m%d", "%m%Y", "%Y", "%d%m")
        found |= {born.strftime(form) for form in forms}
    return {piece for piece in found if len(piece) >= _SHORTEST_PIECE}
