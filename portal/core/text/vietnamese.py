"""Vietnamese text made comparable: one normal form, one key to search by, one to sort by."""

from __future__ import annotations

import re
import string
import unicodedata
from functools import lru_cache

# Pasted text carries these unseen: zero-width spaces and joiners, soft hyphen, byte order mark.
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\u00ad\ufeff"))
# Control characters that are no white space: no database, sheet or PDF takes them all.
_INVISIBLE |= dict.fromkeys(
    code for code in (*range(0x20), *range(0x7F, 0xA0)) if not chr(code).isspace()
)
# In TCVN3 the soft hyphen is the letter "ư": beside what only that font's text has, it is one.
_OF_TCVN3 = re.compile(
    "[\u00a1-\u00ac\u00ae\u00b5-\u00be\u00c6\u00cb\u00ce\u00cf\u00d1\u00d6-\u00d8\u00dc\u00de\u00df\u00e4-\u00e7\u00eb\u00ee-\u00f1\u00f6-\u00f8\u00fb\u00fc\u00fe]"
)
_UNMARK: dict[int, str | None] = dict.fromkeys(range(0x0300, 0x0370))
_UNMARK |= {ord("đ"): "d", ord("Đ"): "D"}
_UNMARK |= {code: chr(code) for code in range(0x80)}  # what is not named costs twice the time

# The keys use only 0–9 and a–z, which every collation of both databases orders alike.
_SYMBOLS = "0123456789abcdefghijklmnopqrstuvwxyz"
_END_OF_WORD, _NUMBER = _SYMBOLS[0], _SYMBOLS[1]
_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_RANK = dict(zip(_ALPHABET, _SYMBOLS[2:], strict=False))
_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}  # huyền … nặng
_LETTER_MARKS = "\u0302\u0306\u031b"  # of â ê ô, ă, ơ ư
_WORD = re.compile(r"[0-9]+|[^\W\d_]+")
_MAX_SORT_KEY = 500


def nfc(value: str) -> str:
    """Return ``value`` composed (NFC), without unseen characters, single-spaced and stripped.

    A soft hyphen is unseen too, except in text of an old font, where it is a letter.
    """
    if not value.isprintable():  # nothing unseen is
        if "\u00ad" in value and "\u00c3\u00ad" not in value and _OF_TCVN3.search(value):
            value = value.replace("\u00ad", "ư")
        value = value.translate(_INVISIBLE)
    return " ".join(unicodedata.normalize("NFC", value).split())


def differs_from_nfc(value: str) -> bool:
    """Say whether ``value`` has to be normalised before it can be compared."""
    return value != nfc(value)


def search_key(value: str) -> str:
    """Return ``value`` in lower case without marks, đ as d: what lists are searched by.

    It also makes the two ways of placing a tone equal ("hoà", "hòa").
    """
    plain = nfc(value)
    if not plain.isascii():
        plain = unicodedata.normalize("NFD", plain).translate(_UNMARK)
    return plain.lower()


def sort_key(value: str) -> str:
    """Return a text whose plain order is the Vietnamese one: An, Ánh, Ân, Dương, Đặng, Em, Êm.

    Syllable by syllable as dictionaries do: letters first (a ă â … d đ …), then the tone (ngang,
    huyền, hỏi, ngã, sắc, nặng); numbers by value ("Phường 2" before "Phường 10").
    """
    key = ""
    for word in _WORD.findall(nfc(value).lower()):
        if word[0] in string.digits:
            digits = word.lstrip("0")
            key += _NUMBER + _SYMBOLS[min(len(digits), 35)] + digits + _END_OF_WORD + "0"
        else:
            letters = [_letter(char) for char in word]
            tone = next((tone for _, tone in letters if tone), 0)
            key += "".join(rank for rank, _ in letters) + _END_OF_WORD + str(tone)
    return key[:_MAX_SORT_KEY]


def person_sort_key(name: str) -> str:
    """Return the key of a person's name: by given name (the last word), then from the surname on.

    So Vietnamese lists of people are ordered.
    """
    *before, given = nfc(name).split() or [""]
    return sort_key(" ".join([given, *before]))


@lru_cache(maxsize=1024)
def _letter(char: str) -> tuple[str, int]:
    """Return a letter's rank ("" when it is none of ours) and its tone (0 when level)."""
    if char in _RANK:
        return _RANK[char], 0
    apart = unicodedata.normalize("NFD", char)
    base, marks = apart[0], apart[1:]
    tone = next((_TONES[mark] for mark in marks if mark in _TONES), 0)
    kept = "".join(mark for mark in marks if mark in _LETTER_MARKS)
    letter = unicodedata.normalize("NFC", base + kept)
    return _RANK.get(letter, _RANK.get(base, "")), tone
