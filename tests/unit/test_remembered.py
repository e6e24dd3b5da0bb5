"""What is kept of texts from outside is bounded, whatever they are."""

from __future__ import annotations

import tracemalloc

from portal.agencies import levels
from portal.core.text import names
from portal.search import words

# The same words, each time in another order.
TEXTS = [" ".join(f"x{word * number % 101}" for word in range(101)) for number in range(1, 101)]


def test_long_texts_are_not_kept() -> None:
    for ask in (names.key, names.loose_key, names.parts, levels.organ_of, words.phrases):
        ask(TEXTS[0])  # what it loads is loaded, each word is known
        tracemalloc.start()
        for text in TEXTS:
            ask(text)
        kept, _most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert kept < 200 * len(TEXTS), ask.__name__  # each is longer


def test_short_ones_are_answered_once() -> None:
    assert words.phrases("Lò Văn Tím") is words.phrases("Lò Văn Tím")


def test_a_name_of_very_many_words_has_no_more_phrases_than_words() -> None:
    for size in (24, 25, 100, 125):
        name = " ".join(f"{chr(97 + at % 26)}{chr(97 + at // 26)}" for at in range(size))
        assert len(words.phrases(name)) <= max(300, size)
        assert any(phrase.startswith(name.split()[-1]) for phrase in words.phrases(name))
