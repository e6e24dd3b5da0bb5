"""Names of bodies: made comparable, proposed in proper letters and in short, found by likeness.

Capitals, the place of a tone and usual short forms make no other name; a mark or the type does
("Xã Tân Tiến" and "Xã Tân Tiên", "Thị trấn Tân Uyên" and "Xã Tân Uyên" are two names each,
DOMAIN 14.9).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher

from portal.core.text.remembered import remembered
from portal.core.text.vietnamese import nfc, search_key

# Letters of CN, O and OU in a certificate: X.520, RFC 5280 appendix A.1 (DOMAIN 14.24).
CERTIFICATE_NAME_LENGTH = 64
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_SPACE = re.compile(r"[\s\-–.,;]+")
_WORD = re.compile(r"[^\W_]+")
_VOWEL = re.compile("[aeiouy]")


def _toned(name: str) -> str:
    """Return ``name`` in lower case with the tone of each word at its end ("hoà" as "hòa")."""
    words = _SPACE.sub(" ", nfc(name).lower()).split()
    return " ".join(map(_word, words))


@remembered(65536)
def _word(word: str) -> str:
    apart = unicodedata.normalize("NFD", word)
    tones = "".join(mark for mark in apart if mark in _TONES)
    return unicodedata.normalize("NFC", "".join(c for c in apart if c not in _TONES)) + tones


# How the same words are written in full on certificates and in short in lists; longer ones first.
_IN_SHORT = (
    ("và", "&"),
    ("ủy ban nhân dân", "ubnd"),
    ("hội đồng nhân dân", "hđnd"),
    ("trung học phổ thông", "thpt"),
    ("trung học cơ sở", "thcs"),
    ("khoa học & công nghệ", "kh&cn"),
    ("t p", "tp"),
    ("t x", "tx"),
    ("t t", "tt"),
    ("thành phố", "tp"),
    ("thị trấn", "tt"),
    ("thị xã", "tx"),
    ("phường", "p"),
    ("huyện", "h"),
    ("quận", "q"),
    ("xã", "x"),
    ("tỉnh", "t"),
)
_MARKED = tuple((f" {_toned(long)} ", f" {short} ") for long, short in _IN_SHORT)
_UNMARKED = tuple((f" {search_key(long)} ", f" {search_key(short)} ") for long, short in _IN_SHORT)


@remembered(65536)
def key(name: str) -> str:
    """Return ``name`` so that the same name in other capitals, with its tones placed otherwise or
    in short is equal."""
    return _shortened(_toned(name), _MARKED)


@remembered(65536)
def loose_key(name: str) -> str:
    """Return ``key`` without marks: what names are compared by that may be misspelt."""
    return _shortened(_SPACE.sub(" ", search_key(name)), _UNMARKED)


def _shortened(text: str, pairs: Iterable[tuple[str, str]]) -> str:
    text = f" {text.strip()} "
    for long, short in pairs:
        if long in text:
            text = text.replace(long, short)
    return text.strip()


def same(a: str, b: str) -> bool:
    """Say whether two names are one, type and all, however they are written."""
    return a == b or key(a) == key(b)


def in_full(name: str) -> set[str]:
    """Return ``name`` and, without marks, how it is written with its short forms in full: what a
    register is searched by."""
    text = f" {search_key(name)} "
    for long, short in _UNMARKED:
        text = text.replace(short, long)
    return {name, text.strip()}


def is_in_short(typed: str, name: str) -> bool:
    """Say whether ``typed`` is ``name`` with words in short ("UBND"); both are one by ``same``."""
    return _toned(typed) != _toned(name)


# Whose organ, at what level: "ubnd x", "hdnd p"; the rest of a name is its own.
_TYPE = re.compile(r"(?:(ubnd|hdnd) )?(t|tp|x|p|tt|tx|q|h|dac khu) (.+)")
_LEVELS = {
    **dict.fromkeys(("x", "p", "tt", "dac khu"), "commune"),
    **dict.fromkeys(("tx", "q", "h"), "district"),
    **dict.fromkeys(("t", "tp"), "province"),
}
_ENOUGH = 0.82  # of likeness between two names without marks
_ENOUGH_OF_A_PLACE = 0.75  # between two places of one type: they are short


@remembered(65536)
def parts(name: str) -> tuple[str, str, str]:
    """Return the organ ("ubnd", "hdnd" or ""), the level ("commune", "district", "province" or "")
    and the own name of the place a body is of, without marks; ("", "", name) where it is of none.
    """
    found = _TYPE.fullmatch(loose_key(name))
    return (found[1] or "", _LEVELS[found[2]], found[3]) if found else ("", "", loose_key(name))


def nearest(typed: str, names: Iterable[str]) -> str:
    """Return the one of ``names`` that ``typed`` most likely means, "" when none is like it.

    Missing or wrong marks, swapped words, another type before the same place and a slip or two
    are likeness; another place of the same type is not.
    """
    best, best_of = 0.0, ""
    organ, at, own = parts(typed)
    loose = loose_key(typed)
    whole, place = _Likeness(loose, _ENOUGH), _Likeness(own, _ENOUGH_OF_A_PLACE)
    for name in names:
        its_organ, its_level, its_own = parts(name)
        its_loose = loose_key(name)
        if loose == its_loose:
            found = 1.0
        elif sorted(loose.split()) == sorted(its_loose.split()):
            found = 0.99
        elif at and its_level:
            if organ and its_organ and organ != its_organ:
                continue
            found = place.of(its_own)
            found -= 0.0 if at == its_level else 0.05
        else:
            found = whole.of(its_loose)
        if found > best:
            best, best_of = found, name
    return best_of


class _Likeness:
    """How like others are to one text; it is taken apart once."""

    def __init__(self, text: str, enough: float) -> None:
        self._matcher = SequenceMatcher(None, "", text, autojunk=False)
        self._enough = enough

    def of(self, other: str) -> float:
        """Return the likeness of ``other``, 0 where it is not enough."""
        self._matcher.set_seq1(other)
        bounds = (self._matcher.real_quick_ratio, self._matcher.quick_ratio, self._matcher.ratio)
        found = 0.0
        for bound in bounds:  # the cheapest first
            if (found := bound()) < self._enough:
                return 0.0
        return found


def in_capitals(name: str) -> str:
    """Return ``name`` as seals and certificates write it."""
    return nfc(name).upper()


# As Nghị định 30/2020/NĐ-CP Phụ lục II writes them; what is not here is taken for a proper name.
_PROPER = """
Ủy ban nhân dân|Hội đồng nhân dân|Khoa học và Công nghệ|Khoa học|Công nghệ thông tin|Công nghệ|
Văn hóa|Xã hội|Thể thao|Du lịch|Giáo dục nghề nghiệp|Giáo dục thường xuyên|Giáo dục|Đào tạo|
Nông nghiệp|Nông thôn|Môi trường|Tài nguyên|Tài chính|Kế hoạch|Đầu tư|Kinh tế|Hạ tầng|Đô thị|Nội vụ|
Tư pháp|Công Thương|Xây dựng|Y tế|Dân tộc|Tôn giáo|Thông tin|Truyền thông|Lao động|Thương binh|
Giao thông vận tải|Trung học cơ sở|Trung học phổ thông|Tiểu học|Mầm non|Mẫu giáo|
Phổ thông dân tộc bán trú|Phổ thông dân tộc nội trú|Phổ thông|Đa khoa khu vực|Đa khoa|Văn phòng|
Trung tâm|Phục vụ hành chính công|Hành chính công|Ban Quản lý|Quản lý|dự án|Bảo hiểm xã hội|
Kho bạc Nhà nước|Công an|Biên phòng|Ban Chỉ huy quân sự|Bộ Chỉ huy quân sự|Kiểm lâm|
Mặt trận Tổ quốc Việt Nam|Đảng ủy|Tỉnh ủy|Thành ủy|Bệnh viện|Trường|Trạm|Phòng|Sở|Cục|Chi cục|
Tổng cục|Vụ|Viện|Học viện|Đại học|Cao đẳng|Bộ|Ban|Thuế|Hải quan|Thanh tra|Khuyến nông|Dịch vụ|
Cơ yếu Chính phủ|Chính phủ|Chứng thực số và Bảo mật thông tin|Bảo trợ xã hội|Dân số|Thủy lợi|
Kiểm soát bệnh tật|Pháp y|Ứng dụng|Chuyển đổi số|Quản lý thị trường|Dân quân|Nhà Văn hóa|Thư viện|
Bảo tàng|Phát triển quỹ đất|Đất đai|Công trình công cộng|
tỉnh|thành phố|huyện|quận|xã|phường|thị trấn|thị xã|đặc khu|khu vực|số|và|của|thuộc|trực thuộc|cấp
""".replace("\n", "")
_KEPT = frozenset(
    ("UBND", "HĐND", "TH", "THCS", "THPT", "PTDTBT", "PTDTNT", "MTTQ", "CNTT", "GDNN", "GDTX")
)
_ROMAN = re.compile(r"I{1,3}|IV|VI{1,3}|IX|XI{0,3}")

# How bodies' names are written short where a certificate has no room: the longest words first.
_SHORTER = (
    "Phổ thông dân tộc bán trú=PTDTBT|Phổ thông dân tộc nội trú=PTDTNT|"
    "Trung học phổ thông=THPT|Trung học cơ sở=THCS|Giáo dục nghề nghiệp=GDNN|"
    "Giáo dục thường xuyên=GDTX|Mặt trận Tổ quốc Việt Nam=MTTQVN|Công nghệ thông tin=CNTT|"
    "Khoa học và Công nghệ=KH&CN|Nông nghiệp và Môi trường=NN&MT|Giáo dục và Đào tạo=GD&ĐT|"
    "Văn hóa, Thể thao và Du lịch=VHTT&DL|Phục vụ hành chính công=PVHCC|Quản lý dự án=QLDA|"
    "Đầu tư xây dựng=ĐTXD|Bảo hiểm xã hội=BHXH|Ban Quản lý=BQL|Ủy ban nhân dân=UBND|"
    "Hội đồng nhân dân=HĐND|Dân tộc bán trú=DTBT|Dân tộc nội trú=DTNT|Tiểu học=TH|"
    "Thành phố=TP|Khu vực=KV|Và=&"
)


def _phrases(words: Iterable[str]) -> Mapping[tuple[str, ...], str]:
    return {
        tuple(_word(word) for word in _WORD.findall(one.partition("=")[0].lower())): one
        for one in words
    }


_PROPER_PHRASES = _phrases(_PROPER.split("|"))
_SHORTER_PHRASES = _phrases(_SHORTER.split("|"))
_LONGEST_PHRASE = max(map(len, [*_PROPER_PHRASES, *_SHORTER_PHRASES]))


def in_proper_letters(name: str) -> str:
    """Propose how ``name``, in capitals, is written in a sentence ("Ủy ban nhân dân xã Tân Uyên").

    What is not all in capitals stands as it is: a person wrote it so.
    """
    text = nfc(name)
    if text != text.upper():
        return text
    made, end = [], 0
    for start, stop, phrase in _phrases_in(text, _PROPER_PHRASES):
        made.append(text[end:start])
        piece = text[start:stop]
        if phrase is None:
            is_short = not _VOWEL.search(search_key(piece))  # "KH", "CN": letters of other words
            is_kept = piece in _KEPT or is_short or _ROMAN.fullmatch(piece)
            made.append(piece if is_kept else piece.capitalize())
        else:
            capital = [word[0].isupper() for word in _WORD.findall(phrase)]
            lower = iter(capital)
            made.append(
                _WORD.sub(
                    lambda one, lower=lower: (  # type: ignore[misc]
                        one[0].capitalize() if next(lower) else one[0].lower()
                    ),
                    piece,
                )
            )
        end = stop
    whole = "".join([*made, text[end:]])
    return whole[:1].upper() + whole[1:]


def in_short(name: str, most: int) -> str:
    """Propose ``name`` in at most ``most`` letters: usual short forms, one after another and no
    more than needed; then whole words are left out at the end."""
    text = nfc(name)
    for wanted, one in _SHORTER_PHRASES.items():
        if len(text) <= most:
            return text
        short = one.partition("=")[2]
        found = [span for span in _phrases_in(text, {wanted: one}) if span[2] is not None]
        for start, stop, _phrase in reversed(found):
            text = text[:start] + short + text[stop:]
    if len(text) <= most:
        return text
    cut = text[: most + 1].rpartition(" ")[0] or text[:most]
    return cut.rstrip(" ,;-–.(")


def _phrases_in(
    text: str, phrases: Mapping[tuple[str, ...], str]
) -> Iterator[tuple[int, int, str | None]]:
    """Yield (start, end, phrase) of the longest phrases from the left, of other words one
    by one with None."""
    spans = [(one.start(), one.end(), _word(one[0].lower())) for one in _WORD.finditer(text)]
    at = 0
    while at < len(spans):
        for length in range(min(_LONGEST_PHRASE, len(spans) - at), 0, -1):
            words = tuple(word for _start, _end, word in spans[at : at + length])
            if words in phrases:
                yield spans[at][0], spans[at + length - 1][1], phrases[words]
                at += length
                break
        else:
            yield spans[at][0], spans[at][1], None
            at += 1
