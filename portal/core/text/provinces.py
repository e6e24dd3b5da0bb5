"""The 34 provinces since 01/7/2025, what they came from (DOMAIN 9), and whose an e-mail is."""

from __future__ import annotations

from difflib import SequenceMatcher

from portal.core.text.remembered import remembered
from portal.core.text.vietnamese import search_key

_LIKE = 0.85  # of two domains
_ENOUGH_LETTERS = 5  # of a domain that others may be like

# What was merged into each; a province that stayed alone is not named.
_MERGED = {
    "Tuyên Quang": ("Hà Giang",),
    "Lào Cai": ("Yên Bái",),
    "Thái Nguyên": ("Bắc Kạn",),
    "Bắc Ninh": ("Bắc Giang",),
    "Phú Thọ": ("Hòa Bình", "Vĩnh Phúc"),
    "Hải Phòng": ("Hải Dương",),
    "Hưng Yên": ("Thái Bình",),
    "Ninh Bình": ("Hà Nam", "Nam Định"),
    "Quảng Trị": ("Quảng Bình",),
    "Đà Nẵng": ("Quảng Nam",),
    "Quảng Ngãi": ("Kon Tum",),
    "Gia Lai": ("Bình Định",),
    "Khánh Hòa": ("Ninh Thuận",),
    "Đắk Lắk": ("Phú Yên",),
    "Lâm Đồng": ("Bình Thuận", "Đắk Nông"),
    "Đồng Nai": ("Bình Phước",),
    "Hồ Chí Minh": ("Bình Dương", "Bà Rịa Vũng Tàu"),
    "Tây Ninh": ("Long An",),
    "Đồng Tháp": ("Tiền Giang",),
    "Vĩnh Long": ("Bến Tre", "Trà Vinh"),
    "An Giang": ("Kiên Giang",),
    "Cần Thơ": ("Hậu Giang", "Sóc Trăng"),
    "Cà Mau": ("Bạc Liêu",),
}
_ALONE = (
    "Hà Nội", "Cao Bằng", "Điện Biên", "Lai Châu", "Sơn La", "Lạng Sơn", "Quảng Ninh", "Thanh Hóa",
    "Nghệ An", "Hà Tĩnh", "Huế",
)  # fmt: skip
PROVINCES = (*_ALONE, *_MERGED)
_BY_KEY = {search_key(name): name for name in PROVINCES}
_KINDS = ("tỉnh ", "thành phố ", "tp. ", "tp.", "tp ")


@remembered(1024)  # the rows of a list name the same few
def _slug(name: str) -> str:
    return search_key(name).replace(" ", "")


# As domains of the provinces' own mail write them: laichau.gov.vn, tphcm.gov.vn.
_OF_DOMAIN = {
    **{_slug(name): name for name in PROVINCES},
    **{_slug(old): name for name, olds in _MERGED.items() for old in olds},
    **dict.fromkeys(("tphcm", "hcm", "hochiminhcity", "brvt", "baria-vungtau"), "Hồ Chí Minh"),
    **dict.fromkeys(("thuathienhue", "tthue"), "Huế"),
    **dict.fromkeys(("daklak", "dak-lak"), "Đắk Lắk"),
    "daknong": "Lâm Đồng",
}


def province_of_email(address: str) -> str:
    """Return the province whose domain an address is under, "" when it is under none's."""
    labels = address.lower().rpartition("@")[2].split(".")
    return next((_OF_DOMAIN[one] for one in reversed(labels) if one in _OF_DOMAIN), "")


def domain_meant(address: str, province: str) -> str:
    """Return ``address`` under the domain of ``province`` where a slip or two are the difference,
    "" where there is none or more."""
    name, _at, domain = address.lower().rpartition("@")
    labels, own = domain.split("."), _slug(province)
    if len(own) < _ENOUGH_LETTERS or own in labels or province_of_email(address):
        return ""
    last = [at for at, one in enumerate(labels) if one not in ("gov", "vn")][-1:]
    if not last or domain.split(".")[-2:] != ["gov", "vn"]:
        return ""
    if SequenceMatcher(None, labels[last[0]], own).ratio() < _LIKE:
        return ""
    labels[last[0]] = own
    return f"{name}@{'.'.join(labels)}"


def is_named_province(name: str) -> bool:
    """Say whether ``name`` (without "tỉnh", "thành phố") is a province of today or of before."""
    return _slug(name) in _OF_DOMAIN


def province_name(value: str) -> str:
    """Return a province without "Tỉnh" or "Thành phố": what stands in L of a certificate.

    One of today in its own letters, however it was typed.
    """
    lower = value.lower()
    kind = next((kind for kind in _KINDS if lower.startswith(kind)), "")
    name = value[len(kind) :].strip()
    return _BY_KEY.get(search_key(name), name)


def province_of_today(value: str) -> str:
    """Return the one of ``PROVINCES`` that is written, "" when it is none."""
    name = province_name(value)
    return name if name in PROVINCES else ""


def province_now(name: str) -> str:
    """Return what province that name stands for today, "" when it is none's."""
    return _OF_DOMAIN.get(_slug(name), "")
