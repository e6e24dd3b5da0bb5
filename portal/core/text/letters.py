# ruff: noqa: RUF001 (look-alikes are what this module is about)
"""Letters that only look Vietnamese: other scripts' look-alikes, and text of old fonts (VNI, TCVN3)
or of another encoding read as Unicode."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from portal.core.text.remembered import remembered
from portal.core.text.vietnamese import nfc

_OURS = frozenset("aăâbcdđeêfghijklmnoôơpqrstuưvwxyz")
# Also in names of the Central Highlands (Ê Đê, Gia Rai, Ba Na).
_HIGHLANDS = frozenset("ĕĭŏŭčƀñ")
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")

_LOOK_ALIKE = str.maketrans(
    {
        **dict(zip("АВЕКМНОРСТХУІЈЅЗ", "ABEKMHOPCTXYIJS3", strict=True)),
        **dict(zip("авекмнорстхуіјѕ", "abekmhopctxyijs", strict=True)),
        **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),
        **dict(zip("ανορυικτχ", "avopuiktx", strict=True)),
        "\u00d0": "Đ",  # eth, of keyboards that have no Đ
        "\u0189": "Đ",
        "\u00f0": "đ",
        "\u0256": "đ",
        "ı": "i",
    }
)


def foreign_letters(value: str) -> str:
    """Return the letters of ``value`` of which no Vietnamese name is written, each once."""
    return "".join(dict.fromkeys(char for char in nfc(value) if not _is_ours(char)))


@lru_cache(maxsize=4096)
def _is_ours(char: str) -> bool:
    if not char.isalpha():
        return True
    lower = char.lower()
    if lower in _HIGHLANDS:
        return True
    base = "".join(c for c in unicodedata.normalize("NFD", lower) if c not in _TONES)
    return unicodedata.normalize("NFC", base) in _OURS


def in_our_letters(value: str) -> str:
    """Return ``value`` with look-alikes put right; "" when other foreign letters are left."""
    # Marks are taken off, so that a Cyrillic letter with a Vietnamese tone is put right too.
    apart = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", value))
    mended = nfc(apart.translate(_LOOK_ALIKE))
    return "" if foreign_letters(mended) else mended


# A syllable without its tone: onset, vowels, final.
_SYLLABLE = re.compile(
    r"(?:ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdđghklmnpqrstvxfjwz])?"
    r"(?P<vowels>uyê|uya|uyu|iêu|yêu|oai|oay|oao|oeo|uôi|uây|ươi|ươu|uao|"
    r"oa|oă|oe|oo|uâ|uê|uy|uơ|ia|iê|yê|ua|uô|ưa|ươ|ai|ao|au|ay|âu|ây|eo|êu|iu|oi|ôi|ơi|ui|ưi|ưu|"
    r"[aăâeêioôơuưy])"
    r"(?P<final>ch|ng|nh|[cmnptk])?"
)
_NOT_BEFORE_A_STOP = frozenset("\u0300\u0303\u0309")  # "tịch", "tích", never "tũch"
_STOPS = ("ch", "c", "p", "t")
_PALATAL, _BEFORE_PALATAL = ("ch", "nh"), "aêiy"


@remembered(8192)
def _is_syllable(word: str) -> bool:
    """Say whether a word can be read in Vietnamese: one tone at most, letters in their order."""
    apart = unicodedata.normalize("NFD", word.lower())
    if sum(char in _TONES for char in apart) > 1:
        return False
    plain = unicodedata.normalize("NFC", "".join(c for c in apart if c not in _TONES))
    found = _SYLLABLE.fullmatch(plain)
    if found is None:
        return False
    if found["final"] in _PALATAL and found["vowels"][-1] not in _BEFORE_PALATAL:
        return False
    # A capital within a word is a code of a font: "TÈn" for Tẩn.
    if any(char.isupper() and not char.isascii() for char in word[1:]) and not word.isupper():
        return False
    return found["final"] not in _STOPS or not _NOT_BEFORE_A_STOP & set(apart)


TCVN3 = {  # as it was typed → the letter
    "µ": "à", "¸": "á", "¶": "ả", "·": "ã", "¹": "ạ", "¨": "ă", "»": "ằ", "¾": "ắ", "¼": "ẳ",
    "½": "ẵ", "Æ": "ặ", "©": "â", "Ç": "ầ", "Ê": "ấ", "È": "ẩ", "É": "ẫ", "Ë": "ậ", "®": "đ",
    "Ì": "è", "Ð": "é", "Î": "ẻ", "Ï": "ẽ", "Ñ": "ẹ", "ª": "ê", "Ò": "ề", "Õ": "ế", "Ó": "ể",
    "Ô": "ễ", "Ö": "ệ", "×": "ì", "Ý": "í", "Ø": "ỉ", "Ü": "ĩ", "Þ": "ị", "ß": "ò", "ã": "ó",
    "á": "ỏ", "â": "õ", "ä": "ọ", "«": "ô", "å": "ồ", "è": "ố", "æ": "ổ", "ç": "ỗ", "é": "ộ",
    "¬": "ơ", "ê": "ờ", "í": "ớ", "ë": "ở", "ì": "ỡ", "î": "ợ", "ï": "ù", "ó": "ú", "ñ": "ủ",
    "ò": "ũ", "ô": "ụ", "\u00ad": "ư", "õ": "ừ", "ø": "ứ", "ö": "ử", "÷": "ữ", "ù": "ự", "ú": "ỳ",
    "ý": "ý", "û": "ỷ", "ü": "ỹ", "þ": "ỵ", "¡": "Ă", "¢": "Â", "§": "Đ", "£": "Ê", "¤": "Ô",
    "¥": "Ơ", "¦": "Ư",
}  # fmt: skip
_TCVN3_TABLE = str.maketrans(TCVN3)

_VNI_TONES = {"ù": "\u0301", "ø": "\u0300", "û": "\u0309", "õ": "\u0303", "ï": "\u0323"}
_VNI_HAT = {"â": "", "á": "\u0301", "à": "\u0300", "å": "\u0309", "ã": "\u0303", "ä": "\u0323"}
_VNI_BREVE = {"ê": "", "é": "\u0301", "è": "\u0300", "ú": "\u0309", "ü": "\u0303", "ë": "\u0323"}
_VNI_ALONE = {"ñ": "đ", "ö": "ư", "ô": "ơ", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ"}


def _vni_table() -> dict[str, str]:
    made: dict[str, str] = dict(_VNI_ALONE)
    for base, written in [*zip("aeouy", "aeouy", strict=True), ("ô", "ơ"), ("ö", "ư")]:
        made |= {base + mark: written + tone for mark, tone in _VNI_TONES.items()}
    for base in "aeo":
        made |= {base + mark: base + "\u0302" + tone for mark, tone in _VNI_HAT.items()}
    made |= {"a" + mark: "a\u0306" + tone for mark, tone in _VNI_BREVE.items()}
    composed = {code: unicodedata.normalize("NFC", letter) for code, letter in made.items()}
    upper = {code.upper(): letter.upper() for code, letter in composed.items()}
    mixed = {code[0].upper() + code[1:]: letter.upper() for code, letter in composed.items()}
    return mixed | upper | composed


_VNI = _vni_table()
_VNI_CODES = re.compile("|".join(sorted(map(re.escape, _VNI), key=len, reverse=True)))
# Of UTF-8 that was read as Windows-1252: "á»§y ban nhÃ¢n dÃ¢n".
_BYTES = re.compile("Ã[\u0080-\u00ff]|á[»º]|Æ[°¡]|Ä[\u0090‘]|â€|\ufffd")
_ODD_INSIDE = re.compile(r"[?¿\ufffd¢£¤¥¦§¨©ª«¬®¯°±²³µ¶·¸¹»¼½¾×÷]")


# Of the delta, and of the peoples of the north-west.
_FAMILIES = {
    "nguyễn", "trần", "lê", "phạm", "hoàng", "huỳnh", "phan", "vũ", "võ", "đặng", "bùi", "đỗ",
    "hồ", "ngô", "dương", "lý", "đào", "đinh", "trịnh", "mai", "tô", "hà", "cao", "lương",
    "lưu", "tạ", "chu", "trương", "vương", "đoàn", "thái", "tăng", "quách", "lâm", "lò", "vàng",
    "giàng", "tẩn", "quàng", "vừ", "sùng", "thào", "mùa", "tòng", "cà", "lù", "đèo", "hảng",
    "chang", "cứ", "sìn", "phàn", "mè", "lường",
}  # fmt: skip


def legacy_text(value: str) -> tuple[bool, str]:
    """Say whether ``value`` is text of an old font or a broken encoding, and what it reads as.

    The second is "" where nobody can say. Text that reads well as it is never is.
    """
    # Capitals within words that no font has for codes: small ones were meant ("lÒ vĂn tÍM").
    mixed = [word for word in re.findall(r"[^\W\d_]+", value) if not word.isupper()]
    inside = {char for word in mixed for char in word[1:] if char.isupper() and not char.isascii()}
    is_of_a_font = inside <= TCVN3.keys()
    small = re.sub(r"[^\W\d_]+", lambda one: one[0] if one[0].isupper() else one[0].lower(), value)
    odd = _oddity(value if is_of_a_font else small)
    if not odd:
        return False, ""
    # Letters that the font has not at all: only some of the words were typed with it.
    is_mixed = any(not char.isascii() and char.isalpha() and char not in TCVN3 for char in value)
    whole = (_reread(value), _vni(value), "" if is_mixed else _tcvn3(value))
    words = (_by_word(value, _vni), _by_word(value, _tcvn3))
    found = [(left, text) for text in (*whole, *words) if text and (left := _oddity(text)) < odd]
    if found:
        # Of two that read as well: the name that begins as names do ("Lò V¨n" is no Lũ).
        left, text = min(
            found, key=lambda one: (one[0], one[1].split()[0].lower() not in _FAMILIES)
        )
        return True, "" if left else nfc(text)
    return bool(_BYTES.search(value) or _ODD_INSIDE.search(value)), ""


def _by_word(value: str, read: Callable[[str], str]) -> str:
    """Return ``value`` with only those words read anew that can't be read as they stand."""
    return " ".join(read(word) if _oddity(word) else word for word in value.split(" "))


def _vni(value: str) -> str:
    return _VNI_CODES.sub(lambda one: _VNI[one[0]], value)


def _oddity(value: str) -> int:
    """Return how many words of ``value`` can't be read, and what is written in no name."""
    words = re.findall(r"[^\W\d_]+", unicodedata.normalize("NFC", value))
    return sum(
        not _is_syllable(word) for word in words if not (word.isascii() and word.isupper())
    ) + len(_ODD_INSIDE.findall(value))


def _reread(value: str) -> str:
    for encoding in ("cp1252", "latin-1"):
        try:
            return value.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return ""


def _tcvn3(value: str) -> str:
    text = value.translate(_TCVN3_TABLE)
    # In capital fonts (.VnTimeH) the codes of small letters stand among capitals.
    words = re.findall(r"[^\W\d_]+", value)
    letters = [[char for char in word if char.isascii()] for word in words]
    are_capitals = all(char.isupper() for word in letters for char in word)
    return text.upper() if are_capitals and any(len(word) > 1 for word in letters) else text
