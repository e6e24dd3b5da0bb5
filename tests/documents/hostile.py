"""PDFs made to deceive or to do harm, and good ones beside them: each made once a session.

``python -m tests.documents.hostile FOLDER`` writes them all as files, to be tried elsewhere.
"""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from itertools import accumulate
from pathlib import Path
from typing import Any, TypeVar

from pyhanko.pdf_utils import generic, writer
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.timestamps import DummyTimeStamper
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, NameObject

from tests.documents import small_ca
from tests.documents.outside import sign, update
from tests.documents.small_ca import NOW, holder, root

HEAD, BODY = holder("Lò Văn Thắng"), holder("ỦY BAN NHÂN DÂN XÃ TÂN UYÊN")
OTHER = holder("Thuê bao khác")  # of the same CA, of another body
STRANGER = holder("Người lạ", by="CA khác")
HEAD_FIELD, BODY_FIELD = "Chu-ky-nguoi-co-tham-quyen", "Chu-ky-co-quan"
WHOLE_PAGE = (50, 400, 550, 800)
HEAD_BOX, SEAL_BOX = (350, 100, 500, 170), (290, 90, 392, 180)


@dataclass(frozen=True)
class Case:
    """One file; ``is_frozen``: it says to be the frozen letter, signed."""

    name: str
    pdf: bytes
    is_frozen: bool = False


Make = TypeVar("Make", bound=Callable[[], bytes | Case])
MAKERS: dict[str, Callable[[], bytes | Case]] = {}
GOOD: dict[str, Callable[[], bytes | Case]] = {}


def bad(make: Make) -> Make:
    MAKERS[make.__name__] = make
    return make


def good(make: Make) -> Make:
    GOOD[make.__name__] = make
    return make


def cases(makers: dict[str, Callable[[], bytes | Case]]) -> list[Case]:
    """Make every file."""
    made = []
    for name, make in makers.items():
        pdf = make()
        made.append(pdf if isinstance(pdf, Case) else Case(name, pdf))
    return made


# What is signed: a page of text, with what an attacker may have prepared in it.


def letter(pages: int = 2, *, version: str = "", streams: bool = False) -> bytes:
    made = PdfWriter()
    for number in range(pages):
        page = made.add_blank_page(595, 842)
        content = DecodedStreamObject()
        text = f"BT /F1 14 Tf 72 {700 - number} Td (So luong: 5 thiet bi, trang {number}) Tj ET"
        content.set_data(text.encode())
        page[NameObject("/Contents")] = made._add_object(content)
    if version:
        made.pdf_header = version
    out = BytesIO()
    made.write(out)
    if not streams:
        return out.getvalue()
    copied = writer.copy_into_new_writer(_reader(out.getvalue()))
    copied.stream_xrefs = True
    out = BytesIO()
    copied.write(out)  # type: ignore[no-untyped-call]
    return out.getvalue()


def _reader(pdf: bytes) -> Any:
    return IncrementalPdfFileWriter(BytesIO(pdf)).prev


def page_of(w: Any, number: int = 0) -> Any:
    return w.root["/Pages"]["/Kids"][number]


def dictionary(**entries: Any) -> generic.DictionaryObject:
    pairs = {pdf_name("/" + key): value for key, value in entries.items()}
    return generic.DictionaryObject(pairs)  # type: ignore[no-untyped-call]


def number(value: int) -> generic.NumberObject:
    return generic.NumberObject(value)  # type: ignore[no-untyped-call]


def name(value: str) -> generic.NameObject:
    return pdf_name("/" + value)


def box(*sides: int) -> generic.ArrayObject:
    return generic.ArrayObject([number(one) for one in sides])


def stream(data: bytes, **entries: Any) -> generic.StreamObject:
    return generic.StreamObject(
        {pdf_name("/" + key): value for key, value in entries.items()}, stream_data=data
    )


def add_annotation(w: Any, **entries: Any) -> Any:
    page = page_of(w)
    reference = w.add_object(dictionary(Type=name("Annot"), **entries))
    if "/Annots" in page:
        page["/Annots"].append(reference)
        w.update_container(page["/Annots"])
    else:
        page[pdf_name("/Annots")] = generic.ArrayObject([reference])
    w.update_container(page)
    return reference


def add_field(w: Any, reference: Any) -> None:
    form = w.root["/AcroForm"]
    form["/Fields"].append(reference)
    w.update_container(form["/Fields"])
    w.update_container(form)


def white(w: Any) -> Any:
    """An opaque rectangle to paint over what stands there."""
    look = stream(
        b"1 1 1 rg 0 0 500 400 re f",
        Type=name("XObject"),
        Subtype=name("Form"),
        BBox=box(0, 0, 500, 400),
    )
    return dictionary(N=w.add_object(look))


_kept: dict[str, bytes] = {}


def kept(key: str, make: Callable[[], bytes]) -> bytes:
    if key not in _kept:
        _kept[key] = make()
    return _kept[key]


def by_head() -> bytes:
    return kept("head", lambda: sign(letter(), HEAD, field=HEAD_FIELD, box=HEAD_BOX))


def by_both() -> bytes:
    made = lambda: sign(by_head(), BODY, field=BODY_FIELD, box=SEAL_BOX)  # noqa: E731
    return kept("both", made)


def span(pdf: bytes) -> tuple[int, int, int, int]:
    """The byte range of the first signature: where its four numbers say."""
    found = re.search(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)", pdf)
    assert found
    one, two, three, four = (int(part) for part in found.groups())
    return one, two, three, four


def with_range(pdf: bytes, text: bytes) -> bytes:
    """The first byte range replaced, in as many bytes."""
    found = re.search(rb"/ByteRange \[[^\]]*\] *", pdf)
    assert found
    return pdf[: found.start()] + text.ljust(len(found.group())) + pdf[found.end() :]


# Signatures that are none, and ranges of bytes that leave something out.


@bad
def no_byte_range() -> bytes:
    return by_head().replace(b"/ByteRange", b"/ByteRangX")


@bad
def byte_range_of_nothing() -> bytes:
    return with_range(by_head(), b"/ByteRange [0 0 0 0]")


@bad
def byte_range_negative() -> bytes:
    _a, b, c, d = span(by_head())
    return with_range(by_head(), b"/ByteRange [0 %d %d -%d]" % (b, c, d))


@bad
def byte_range_of_two() -> bytes:
    return with_range(by_head(), b"/ByteRange [0 %d]" % span(by_head())[1])


@bad
def byte_range_of_six() -> bytes:
    _a, b, c, d = span(by_head())
    return with_range(by_head(), b"/ByteRange [0 %d %d %d 1 1]" % (b, c, d - 1))


@bad
def byte_range_begins_later() -> bytes:
    _a, b, c, d = span(by_head())
    return with_range(by_head(), b"/ByteRange [9 %d %d %d]" % (b - 9, c, d))


@bad
def byte_range_overlaps() -> bytes:
    _a, b, _c, d = span(by_head())
    return with_range(by_head(), b"/ByteRange [0 %d %d %d]" % (b, b - 50, d))


@bad
def byte_range_beyond_the_end() -> bytes:
    _a, b, c, d = span(by_head())
    return with_range(by_head(), b"/ByteRange [0 %d %d %d]" % (b, c, d + 900))


@bad
def byte_range_leaves_more_out() -> bytes:
    _a, b, c, d = span(by_head())
    return with_range(by_head(), b"/ByteRange [0 %d %d %d]" % (b - 90, c + 90, d - 90))


@bad
def byte_range_null() -> bytes:
    return with_range(by_head(), b"/ByteRange null")


@bad
def byte_range_of_words() -> bytes:
    return with_range(by_head(), b"/ByteRange [/A /B /C /D]")


def _with_contents(change: Callable[[bytes], bytes]) -> bytes:
    pdf = by_head()
    _a, b, c, _d = span(pdf)
    inner = pdf[b + 1 : c - 1]
    return pdf[: b + 1] + change(inner).ljust(len(inner), b"0")[: len(inner)] + pdf[c - 1 :]


@bad
def contents_of_zeros() -> bytes:
    return _with_contents(lambda inner: b"")


@bad
def contents_of_nonsense() -> bytes:
    return _with_contents(lambda inner: b"30820102" + b"ab" * 90)


@bad
def contents_cut_off() -> bytes:
    return _with_contents(lambda inner: inner[:400])


@bad
def contents_with_more_behind() -> bytes:
    return _with_contents(lambda inner: inner[:-80] + b"4d5a" * 20)


@bad
def contents_with_spaces() -> bytes:
    return _with_contents(lambda inner: inner[:-80] + b" \n" * 40)


@bad
def contents_with_words_in_the_gap() -> bytes:
    return _with_contents(lambda inner: inner[:-80] + b"> /Reason (x) /Z <" + b"0" * 62)


@bad
def contents_renamed() -> bytes:
    return by_head().replace(b"/Contents <", b"/Contentz <")


@bad
def contents_of_another_file() -> bytes:
    other = sign(letter(3), HEAD, field=HEAD_FIELD, box=HEAD_BOX)
    _a, b, c, _d = span(other)
    return _with_contents(lambda inner: other[b + 1 : c - 1])


@bad
def field_of_another_type() -> bytes:
    return by_head().replace(b"/FT /Sig", b"/FT /Sxg")


@bad
def subfilter_unknown() -> bytes:
    return by_head().replace(b"/ETSI.CAdES.detached", b"/adbe.x509.rsa_sha11")


def _wrapped(pad: int) -> bytes:
    """Signature wrapping: what was signed last stands at the end again, other things before it."""
    pdf = by_head()
    _a, b, c, d = span(pdf)
    evil = b"\n9 0 obj\n<< /Type /Page /Evil true >>\nendobj\n".ljust(pad)
    moved = pdf[:c] + evil + pdf[c : c + d]
    return with_range(moved, b"/ByteRange [0 %d %d %d]" % (b, c + len(evil), d))


@bad
def wrapping_small() -> bytes:
    return _wrapped(10)


@bad
def wrapping_large() -> bytes:
    return _wrapped(9000)


@bad
def wrapping_with_a_second_signature_object() -> bytes:
    pdf = by_head()
    _a, b, c, d = span(pdf)

    def change(w: Any) -> None:
        field = w.root["/AcroForm"]["/Fields"][0]
        value = field["/V"]
        value[pdf_name("/ByteRange")] = box(0, b, c + 4000, d)
        w.update_container(value)

    return update(pdf, change)


# Something after what was signed.


@bad
def bytes_after_the_end() -> bytes:
    return by_head() + b"Sua so luong thanh 50."


@bad
def zeros_after_the_end() -> bytes:
    return by_head() + bytes(4096)


@bad
def lines_after_the_end() -> bytes:
    return by_head() + b"\n" * 40


@bad
def a_second_file_after_the_end() -> bytes:
    return by_head() + letter(1)


@bad
def a_program_before_the_beginning() -> bytes:
    return b"MZ\x90\x00" + by_head()


@bad
def an_update_without_a_table() -> bytes:
    return by_head() + b"\n4 0 obj\n<< /Length 0 >>\nstream\n\nendstream\nendobj\n"


@bad
def an_update_with_the_old_table() -> bytes:
    where: bytes = re.findall(rb"startxref\s+(\d+)", by_head())[-1]
    body = b"\n4 0 obj\n<< /Length 0 >>\nstream\n\nendstream\nendobj\n"
    return by_head() + body + b"startxref\n" + where + b"\n%%EOF\n"


@bad
def an_update_with_the_first_table() -> bytes:
    where: bytes = re.findall(rb"startxref\s+(\d+)", by_head())[0]
    return by_head() + b"\nstartxref\n" + where + b"\n%%EOF\n"


@bad
def an_update_of_the_contents() -> bytes:
    def change(w: Any) -> None:
        page = page_of(w)
        page[pdf_name("/Contents")] = w.add_object(stream(b"BT /F1 14 Tf (50) Tj ET"))
        w.update_container(page)

    return update(by_head(), change)


# Shadow attacks: prepared before signing, sprung after it.


def prepared() -> bytes:
    """A letter with an overlay, a text field, a second tree of pages: signed."""

    def make() -> bytes:
        def change(w: Any) -> None:
            page = page_of(w)
            overlay = stream(
                b"1 1 1 rg 0 0 595 842 re f",
                Type=name("XObject"),
                Subtype=name("Form"),
                BBox=box(0, 0, 595, 842),
            )
            font = dictionary(Type=name("Font"), Subtype=name("Type1"), BaseFont=name("Helvetica"))
            page[pdf_name("/Resources")] = dictionary(
                XObject=dictionary(Over=w.add_object(overlay)),
                Font=dictionary(F1=w.add_object(font)),
            )
            content = stream(b"BT /F1 14 Tf 72 700 Td (5) Tj ET /Over Do")
            page[pdf_name("/Contents")] = w.add_object(content)
            w.update_container(page)
            shadow = dictionary(Type=name("Pages"), Count=number(1), Kids=generic.ArrayObject([]))
            reference = w.add_object(shadow)
            other = dictionary(Type=name("Page"), Parent=reference, MediaBox=box(0, 0, 595, 842))
            shadow["/Kids"].append(w.add_object(other))
            w.root[pdf_name("/PieceInfo")] = dictionary(Shadow=reference)
            w.update_root()

        return sign(update(letter(), change), HEAD, field=HEAD_FIELD, box=HEAD_BOX)

    return kept("prepared", make)


@bad
def shadow_hide_by_emptying_the_overlay() -> bytes:
    def change(w: Any) -> None:
        overlay = page_of(w)["/Resources"]["/XObject"]["/Over"]
        overlay._data = b""
        overlay._encoded_data = b""
        w.update_container(overlay)

    return update(prepared(), change)


@bad
def shadow_hide_by_freeing_the_overlay() -> bytes:
    pdf = prepared()
    found = _reader(pdf).root["/Pages"]["/Kids"][0]["/Resources"]["/XObject"].raw_get("/Over")
    where: bytes = re.findall(rb"startxref\s+(\d+)", pdf)[-1]
    size = _reader(pdf).trailer["/Size"]
    root_ref = _reader(pdf).trailer.raw_get("/Root").reference.idnum
    table = (
        b"xref\n0 1\n0000000000 65535 f \n%d 1\n0000000000 00001 f \n"
        b"trailer\n<< /Size %d /Root %d 0 R /Prev %s >>\nstartxref\n%d\n%%%%EOF\n"
    ) % (found.reference.idnum, size, root_ref, where, len(pdf))
    return pdf + table


@bad
def shadow_replace_a_font() -> bytes:
    def change(w: Any) -> None:
        font = page_of(w)["/Resources"]["/Font"]["/F1"]
        font[pdf_name("/BaseFont")] = name("Symbol")
        font[pdf_name("/Encoding")] = dictionary(
            Differences=generic.ArrayObject([number(53), name("nine")])
        )
        w.update_container(font)

    return update(prepared(), change)


@bad
def shadow_hide_and_replace() -> bytes:
    def change(w: Any) -> None:
        w.root[pdf_name("/Pages")] = w.root["/PieceInfo"].raw_get("/Shadow")
        w.update_root()

    return update(prepared(), change)


def with_text_field() -> bytes:
    def change(w: Any) -> None:
        field = add_annotation(
            w,
            Subtype=name("Widget"),
            FT=name("Tx"),
            T=generic.TextStringObject("so-luong"),
            V=generic.TextStringObject("5"),
            Rect=box(72, 600, 200, 620),
        )
        w.root[pdf_name("/AcroForm")] = dictionary(Fields=generic.ArrayObject([field]))
        w.update_root()

    return sign(update(letter(), change), HEAD, field=HEAD_FIELD, box=HEAD_BOX)


@bad
def shadow_replace_by_a_text_field() -> bytes:
    return kept("text field", with_text_field)


@bad
def shadow_replace_a_fields_value() -> bytes:
    def change(w: Any) -> None:
        field = w.root["/AcroForm"]["/Fields"][0]
        field[pdf_name("/V")] = generic.TextStringObject("50")
        w.update_container(field)

    return update(kept("text field", with_text_field), change)


def _pages(change: Callable[[Any, Any], None]) -> bytes:
    def apply(w: Any) -> None:
        tree = w.root["/Pages"]
        change(w, tree)
        w.update_container(tree)

    return update(by_both(), apply)


@bad
def pages_swapped() -> bytes:
    return _pages(lambda w, tree: tree["/Kids"].reverse())


@bad
def page_repeated() -> bytes:
    def change(w: Any, tree: Any) -> None:
        tree["/Kids"].append(tree["/Kids"].raw_get(0))
        tree[pdf_name("/Count")] = number(3)

    return _pages(change)


@bad
def page_removed() -> bytes:
    def change(w: Any, tree: Any) -> None:
        tree["/Kids"].pop()
        tree[pdf_name("/Count")] = number(1)

    return _pages(change)


@bad
def page_added() -> bytes:
    def change(w: Any, tree: Any) -> None:
        page = dictionary(
            Type=name("Page"), Parent=tree["/Kids"][0].raw_get("/Parent"), MediaBox=box(0, 0, 9, 9)
        )
        tree["/Kids"].append(w.add_object(page))
        tree[pdf_name("/Count")] = number(3)

    return _pages(change)


def _on_page(**entries: Any) -> bytes:
    def change(w: Any) -> None:
        page = page_of(w)
        for key, value in entries.items():
            page[pdf_name("/" + key)] = value
        w.update_container(page)

    return update(by_both(), change)


@bad
def page_turned() -> bytes:
    return _on_page(Rotate=number(180))


@bad
def page_cropped() -> bytes:
    return _on_page(CropBox=box(0, 0, 595, 300))


@bad
def page_with_other_resources() -> bytes:
    return _on_page(Resources=dictionary(Font=dictionary()))


@bad
def page_that_acts() -> bytes:
    return _on_page(AA=dictionary(O=dictionary(S=name("Named"), N=name("LastPage"))))


def _annotated(pdf: bytes, **entries: Any) -> bytes:
    return update(pdf, lambda w: add_annotation(w, **entries))


@bad
def annotation_of_text() -> bytes:
    return _annotated(
        by_both(),
        Subtype=name("FreeText"),
        Rect=box(72, 690, 300, 720),
        Contents=generic.TextStringObject("So luong: 50"),
    )


@bad
def annotation_as_a_stamp() -> bytes:
    return update(
        by_both(),
        lambda w: add_annotation(w, Subtype=name("Stamp"), Rect=box(*WHOLE_PAGE), AP=white(w)),
    )


@bad
def annotation_that_links() -> bytes:
    action = dictionary(S=name("URI"), URI=generic.TextStringObject("https://example.org"))
    return _annotated(by_both(), Subtype=name("Link"), Rect=box(0, 0, 99, 99), A=action)


@bad
def a_text_field_added() -> bytes:
    def change(w: Any) -> None:
        add_field(
            w,
            add_annotation(
                w,
                Subtype=name("Widget"),
                FT=name("Tx"),
                T=generic.TextStringObject("moi"),
                V=generic.TextStringObject("50"),
                Rect=box(72, 690, 300, 720),
            ),
        )

    return update(by_both(), change)


# Fields for signatures that hide something.


def _empty_field(sides: tuple[int, int, int, int]) -> bytes:
    def change(w: Any) -> None:
        add_field(
            w,
            add_annotation(
                w,
                Subtype=name("Widget"),
                FT=name("Sig"),
                F=number(4),
                T=generic.TextStringObject("Signature9"),
                Rect=box(*sides),
                AP=white(w),
            ),
        )

    return update(by_both(), change)


@bad
def an_unsigned_field_painted_over_the_page() -> bytes:
    return _empty_field(WHOLE_PAGE)


@bad
def an_unsigned_field_painted_over_a_number() -> bytes:
    return _empty_field((130, 695, 150, 715))


@bad
def an_unsigned_field_that_is_not_shown() -> bytes:
    return update(by_both(), lambda w: append_signature_field(w, SigFieldSpec("Signature9")))


@bad
def a_stranger_signs_over_the_text() -> bytes:
    return sign(by_both(), STRANGER, box=WHOLE_PAGE)


@bad
def a_stranger_signs_unseen() -> bytes:
    return sign(by_both(), STRANGER)


@bad
def another_subscriber_signs_over_the_text() -> bytes:
    return sign(by_both(), OTHER, box=WHOLE_PAGE)


@bad
def another_subscriber_signs_over_a_number() -> bytes:
    return sign(by_both(), OTHER, box=(130, 695, 150, 715))


@bad
def another_subscriber_signs_over_the_text_of_page_two() -> bytes:
    return sign(by_both(), OTHER, box=(72, 690, 300, 720), page=1)


@bad
def another_subscriber_in_the_heads_field() -> bytes:
    made = sign(letter(), OTHER, field=HEAD_FIELD, box=HEAD_BOX)
    return sign(made, BODY, field=BODY_FIELD, box=SEAL_BOX)


@bad
def a_person_in_the_bodys_field() -> bytes:
    return sign(by_head(), HEAD, field=BODY_FIELD, box=SEAL_BOX)


@bad
def the_body_in_the_heads_field() -> bytes:
    return sign(letter(), BODY, field=HEAD_FIELD, box=HEAD_BOX)


# Certificates that do not sign documents, and times that are not proved.

_PURPOSES = {
    "server": "1.3.6.1.5.5.7.3.1",
    "client": "1.3.6.1.5.5.7.3.2",
    "code": "1.3.6.1.5.5.7.3.3",
    "time_stamps": "1.3.6.1.5.5.7.3.8",
    "ocsp": "1.3.6.1.5.5.7.3.9",
}


def _of_a_machine(purpose: str) -> Callable[[], bytes]:
    def make() -> bytes:
        return sign(letter(), holder(f"Máy {purpose}", purposes=(_PURPOSES[purpose],)))

    make.__name__ = f"a_certificate_for_{purpose}"
    return make


for _purpose in _PURPOSES:
    bad(_of_a_machine(_purpose))


@bad
def a_certificate_for_mail_and_a_server() -> bytes:
    mixed = holder("Máy chủ thư", purposes=("1.3.6.1.5.5.7.3.4", _PURPOSES["server"]))
    return sign(letter(), mixed)


@bad
def the_root_itself() -> bytes:
    return sign(letter(), root())


@bad
def a_ca_below_the_root() -> bytes:
    return sign(letter(), holder("CA con", is_ca=True))


@bad
def a_stranger() -> bytes:
    return sign(letter(), STRANGER)


@bad
def a_root_of_ones_own() -> bytes:
    return sign(letter(), root("Tự ký"))


@bad
def a_ca_of_the_same_name() -> bytes:
    false = small_ca.root.__wrapped__()  # not the one root of the session
    return sign(letter(), holder("Giả", by=false), chain=(false,))


@bad
def an_expired_key_with_the_clock_set_back() -> bytes:
    expired = holder("Hết hạn", ends=NOW + timedelta(hours=1))
    return sign(letter(), expired, now=NOW - timedelta(days=1))


@bad
def a_revoked_key_with_the_clock_set_back() -> bytes:
    return sign(letter(), holder("Đã thu hồi"), now=NOW - timedelta(days=9))


@bad
def a_revoked_key() -> bytes:
    return sign(letter(), holder("Đã thu hồi"))


@bad
def a_key_that_had_expired() -> bytes:
    return sign(letter(), holder("Hết hạn lâu", ends=NOW - timedelta(days=9)))


@bad
def a_key_not_begun() -> bytes:
    return sign(letter(), holder("Chưa có hiệu lực", begins=NOW + timedelta(days=200)))


@bad
def a_time_to_come() -> bytes:
    return sign(letter(), HEAD, now=NOW + timedelta(days=40))


@bad
def a_hash_that_is_broken() -> bytes:
    from cryptography.hazmat.primitives import hashes

    from portal.documents import signing

    signing._HASHES["sha1"] = hashes.SHA1()  # noqa: S303 (that is the attack)
    try:
        return sign(letter(), holder("RSA", rsa_key=True), md_algorithm="sha1")
    finally:
        del signing._HASHES["sha1"]


# Files that weigh more than they show.


def _heavy(change: Callable[[Any], object]) -> bytes:
    return sign(update(letter(), change), HEAD)


def _bomb(megabytes: int) -> bytes:
    """Zeros, packed: a block that ends on a whole byte, many times."""
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = machine.compress(bytes(1 << 20)) + machine.flush(zlib.Z_FULL_FLUSH)
    return b"\x78\xda" + block * megabytes + b"\x03\x00" + bytes(4)


def _encoded(data: bytes, **entries: Any) -> generic.StreamObject:
    return generic.StreamObject(
        {pdf_name("/" + key): value for key, value in entries.items()}, encoded_data=data
    )


def _as_contents(made: generic.StreamObject) -> Callable[[Any], None]:
    def change(w: Any) -> None:
        page = page_of(w)
        page[pdf_name("/Contents")] = w.add_object(made)
        w.update_container(page)

    return change


@bad
def bomb_of_contents() -> bytes:
    return _heavy(_as_contents(_encoded(_bomb(600), Filter=name("FlateDecode"))))


@bad
def bomb_in_a_bomb() -> bytes:
    filters = generic.ArrayObject([name("FlateDecode"), name("FlateDecode")])
    return _heavy(_as_contents(_encoded(zlib.compress(_bomb(900), 9), Filter=filters)))


@bad
def bomb_of_many_filters() -> bytes:
    filters = generic.ArrayObject([name("FlateDecode")] * 9)
    return _heavy(_as_contents(_encoded(b"x", Filter=filters)))


@bad
def bomb_of_many_parts() -> bytes:
    part = _bomb(30)

    def change(w: Any) -> None:
        page = page_of(w)
        page[pdf_name("/Contents")] = generic.ArrayObject(
            [w.add_object(_encoded(part, Filter=name("FlateDecode"))) for _number in range(20)]
        )
        w.update_container(page)

    return _heavy(change)


@bad
def bomb_of_a_picture() -> bytes:
    return _heavy(
        _as_contents(
            stream(b"0", Type=name("XObject"), Width=number(90_000), Height=number(90_000))
        )
    )


def _plain(*objects: bytes, size: int = 0, more: bytes = b"") -> bytes:
    """A PDF written by hand: the first object is the catalog."""
    parts = [b"%PDF-1.7\n"]
    parts += [b"%d 0 obj\n%s\nendobj\n" % (index, one) for index, one in enumerate(objects, 1)]
    places = list(accumulate(map(len, parts)))[:-1]
    made = b"".join(parts)
    count = len(objects) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n" % count
    table += b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R %s >>\n" % (size or count, more)
    return made + table + trailer + b"startxref\n%d\n%%%%EOF\n" % len(made)


_CATALOG = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /SigFlags 3 /Fields [3 0 R] >> >>"
_PAGES = b"<< /Type /Pages /Kids [] /Count 0 >>"
_FIELD = (
    b"<< /FT /Sig /T (a) /V << /Type /Sig /Filter /Adobe.PPKLite "
    b"/SubFilter /ETSI.CAdES.detached /ByteRange [0 1 2 3] /Contents <30> >> >>"
)


@bad
def bomb_of_depth() -> bytes:
    return _plain(_CATALOG, _PAGES, _FIELD, b"[" * 20_000 + b"]" * 20_000)


@bad
def bomb_of_objects() -> bytes:
    return _plain(_CATALOG, _PAGES, _FIELD, *([b"null"] * 110_000))


@bad
def bomb_of_a_table() -> bytes:
    return _plain(_CATALOG, _PAGES, _FIELD).replace(b"xref\n0 4\n", b"xref\n0 999999999\n")


@bad
def bomb_of_a_stream_of_objects() -> bytes:
    packed = _bomb(600)
    head = b"<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n"
    return _plain(_CATALOG, _PAGES, _FIELD, head % len(packed) + packed + b"\nendstream")


@bad
def a_table_that_leads_to_itself() -> bytes:
    pdf = _plain(_CATALOG, _PAGES, _FIELD, more=b"/Prev 0000000000")
    where: bytes = re.findall(rb"startxref\s+(\d+)", pdf)[-1]
    return pdf.replace(b"/Prev 0000000000", b"/Prev " + where.rjust(10))


@bad
def a_tree_of_pages_that_leads_to_itself() -> bytes:
    return _plain(_CATALOG, b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>", _FIELD)


@bad
def a_tree_of_fields_that_leads_to_itself() -> bytes:
    return _plain(_CATALOG, _PAGES, b"<< /FT /Sig /T (a) /Kids [3 0 R] >>")


@bad
def a_reference_that_leads_to_itself() -> bytes:
    return _plain(_CATALOG, _PAGES, b"3 0 R")


@bad
def a_length_that_leads_to_itself() -> bytes:
    loop = b"<< /Length 4 0 R >>\nstream\nx\nendstream"
    return _plain(_CATALOG, _PAGES, _FIELD, loop)


@bad
def nothing() -> bytes:
    return b"%PDF-1.7\n%%EOF\n"


@bad
def half_a_file() -> bytes:
    return by_both()[: len(by_both()) // 2]


@bad
def one_byte_changed() -> bytes:
    made = bytearray(by_head())
    place = made.index(b"So luong: 5")
    made[place + 10 : place + 11] = b"9"
    return bytes(made)


@bad
def a_table_of_both_sorts() -> bytes:
    return by_head().replace(b"/Root", b"/XRefStm 100 /Root", 1)


# What shows something else another time, before it was signed.


def _signed_with(change: Callable[[Any], object]) -> bytes:
    return sign(update(letter(), change), HEAD, field=HEAD_FIELD, box=HEAD_BOX)


def _in_root(**entries: Any) -> bytes:
    def change(w: Any) -> None:
        for key, value in entries.items():
            w.root[pdf_name("/" + key)] = value
        w.update_root()

    return _signed_with(change)


@bad
def layers() -> bytes:
    def change(w: Any) -> None:
        group = w.add_object(dictionary(Type=name("OCG"), Name=generic.TextStringObject("in")))
        groups = generic.ArrayObject([group])
        w.root[pdf_name("/OCProperties")] = dictionary(OCGs=groups, D=dictionary(OFF=groups))
        w.update_root()

    return _signed_with(change)


@bad
def a_script() -> bytes:
    script = generic.TextStringObject("this.getField('a').value = 50")
    return _in_root(OpenAction=dictionary(S=name("JavaScript"), JS=script))


@bad
def a_program() -> bytes:
    return _in_root(OpenAction=dictionary(S=name("Launch"), F=generic.TextStringObject("a.exe")))


@bad
def another_file() -> bytes:
    away = dictionary(S=name("GoToR"), F=generic.TextStringObject("b.pdf"), D=box(0))
    return _in_root(OpenAction=away)


@bad
def an_action_that_hides() -> bytes:
    return _in_root(OpenAction=dictionary(S=name("Hide"), T=generic.TextStringObject("a")))


@bad
def a_form_that_is_sent() -> bytes:
    return _in_root(
        OpenAction=dictionary(S=name("SubmitForm"), F=generic.TextStringObject("http://a"))
    )


@bad
def an_embedded_file() -> bytes:
    spec = dictionary(Type=name("Filespec"), EF=dictionary(F=stream(b"MZ")))
    names = generic.ArrayObject([generic.TextStringObject("a"), spec])
    return _in_root(Names=dictionary(EmbeddedFiles=dictionary(Names=names)))


def _enclosing(*files: tuple[str, bytes]) -> bytes:
    names = generic.ArrayObject()
    for called, content in files:
        spec = dictionary(Type=name("Filespec"), EF=dictionary(F=stream(content)))
        names += [generic.TextStringObject(called), spec]
    return _in_root(Names=dictionary(EmbeddedFiles=dictionary(Names=names)))


@bad
def a_program_by_the_name_of_our_data() -> bytes:
    return _enclosing(("du-lieu-ho-so.json", b"MZ"))


@bad
def another_file_beside_our_data() -> bytes:
    return _enclosing(("a.json", b"{}"), ("du-lieu-ho-so.json", b"{}"))


@bad
def contents_from_elsewhere() -> bytes:
    return _signed_with(_as_contents(stream(b"x", F=generic.TextStringObject("http://a/b"))))


@bad
def a_picture_with_another_for_print() -> bytes:
    picture = stream(
        b"0",
        Type=name("XObject"),
        Width=number(1),
        Height=number(1),
        Alternates=generic.ArrayObject([]),
    )
    return _signed_with(_as_contents(picture))


@bad
def an_annotation_that_is_not_shown() -> bytes:
    return _signed_with(
        lambda w: add_annotation(
            w, Subtype=name("Square"), Rect=box(72, 690, 300, 720), F=number(4 | 32)
        )
    )


@bad
def an_annotation_that_comes_and_goes() -> bytes:
    return _signed_with(
        lambda w: add_annotation(w, Subtype=name("Square"), Rect=box(0, 0, 99, 99), F=number(256))
    )


@bad
def a_password() -> bytes:
    made = PdfWriter(clone_from=BytesIO(letter()))
    made.encrypt("", algorithm="AES-256", owner_password="x")
    out = BytesIO()
    made.write(out)
    return out.getvalue()


# A letter frozen here that came back as another.


def frozen() -> bytes:
    def change(w: Any) -> None:
        w.root[pdf_name("/AcroForm")] = dictionary(Fields=generic.ArrayObject([]))
        w.update_root()

    return kept("frozen", lambda: update(letter(), change))


@bad
def a_letter_saved_anew() -> Case:
    again = PdfWriter(clone_from=BytesIO(frozen()))
    out = BytesIO()
    again.write(out)
    return Case("a_letter_saved_anew", sign(out.getvalue(), HEAD), is_frozen=True)


@bad
def another_letter() -> Case:
    return Case("another_letter", sign(letter(3), HEAD), is_frozen=True)


@bad
def a_page_replaced_before_signing() -> Case:
    changed = update(frozen(), _as_contents(stream(b"BT (50) Tj ET")))
    return Case("a_page_replaced_before_signing", sign(changed, HEAD), is_frozen=True)


@bad
def a_stamp_before_signing() -> Case:
    stamped = update(
        frozen(),
        lambda w: add_annotation(w, Subtype=name("Stamp"), Rect=box(*WHOLE_PAGE), AP=white(w)),
    )
    return Case("a_stamp_before_signing", sign(stamped, HEAD), is_frozen=True)


@bad
def the_head_signs_over_the_text() -> Case:
    return Case("the_head_signs_over_the_text", sign(frozen(), HEAD, box=WHOLE_PAGE), True)


# Good ones.


def _good(made_name: str, make: Callable[[], bytes]) -> None:
    GOOD[made_name] = make


good(by_head)
good(by_both)
for _pages_count in (1, 3, 12):
    _good(f"pages_{_pages_count}", lambda count=_pages_count: sign(letter(count), HEAD))  # type: ignore[misc]
for _hash in ("sha256", "sha384", "sha512"):
    _good(f"hash_{_hash}", lambda one=_hash: sign(letter(), HEAD, md_algorithm=one))  # type: ignore[misc]
    _good(
        f"rsa_{_hash}",
        lambda one=_hash: sign(letter(), holder("RSA", rsa_key=True), md_algorithm=one),  # type: ignore[misc]
    )
for _version in ("%PDF-1.4", "%PDF-1.5", "%PDF-2.0"):
    _good(f"version_{_version[5:]}", lambda one=_version: sign(letter(version=one), HEAD))  # type: ignore[misc]
for _purpose in ("1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.36", "2.16.704.1.1.1.1.1"):
    _good(
        f"purpose_{_purpose}",
        lambda one=_purpose: sign(letter(), holder(f"Ký {one}", purposes=(one,))),  # type: ignore[misc]
    )


@good
def by_adobes_format() -> bytes:
    return sign(letter(), HEAD, subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED)


@good
def tables_as_streams() -> bytes:
    return sign(letter(streams=True), HEAD)


@good
def two_of_adobes_format() -> bytes:
    one = sign(letter(), HEAD, box=HEAD_BOX, subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED)
    return sign(
        one, BODY, field="Signature2", box=SEAL_BOX, subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED
    )


@good
def with_reason_and_place() -> bytes:
    return sign(letter(), HEAD, reason="Ký thử", location="Tân Uyên", contact_info="a@b.vn")


@good
def in_a_field_that_waited() -> bytes:
    field = SigFieldSpec("Signature1", box=HEAD_BOX)
    waiting = update(letter(), lambda w: append_signature_field(w, field))
    return sign(waiting, HEAD, is_new=False)


@good
def both_in_fields_that_waited() -> bytes:
    def change(w: Any) -> None:
        append_signature_field(w, SigFieldSpec("Signature1", box=HEAD_BOX))
        append_signature_field(w, SigFieldSpec("Signature2", box=SEAL_BOX))

    waiting = sign(update(letter(), change), HEAD, is_new=False)
    return sign(waiting, BODY, field="Signature2", is_new=False)


@good
def certified() -> bytes:
    return sign(letter(), HEAD, certify=True, docmdp_permissions=MDPPerm.FILL_FORMS)


@good
def certified_for_good() -> bytes:
    return sign(letter(), HEAD, certify=True, docmdp_permissions=MDPPerm.NO_CHANGES)


@good
def certified_then_signed() -> bytes:
    one = sign(letter(), HEAD, certify=True, docmdp_permissions=MDPPerm.FILL_FORMS)
    return sign(one, BODY, field="Signature2")


@good
def sealed_in_the_corner() -> bytes:
    return sign(by_head(), BODY, field="Signature2", box=(369, 794, 567, 828))


@good
def sealed_unseen() -> bytes:
    return sign(by_head(), BODY, field=BODY_FIELD)


@good
def the_body_alone() -> bytes:
    return sign(letter(), BODY, field=BODY_FIELD)


@good
def three_signatures() -> bytes:
    return sign(by_both(), OTHER, field="Signature3")


def timestamper() -> DummyTimeStamper:
    from asn1crypto import keys, x509
    from cryptography.hazmat.primitives import serialization

    authority = holder("TSA", rsa_key=True, purposes=(_PURPOSES["time_stamps"],))
    key = authority.key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return DummyTimeStamper(
        tsa_cert=x509.Certificate.load(authority.der),
        tsa_key=keys.PrivateKeyInfo.load(key),
        fixed_dt=NOW,
        certs_to_embed=None,
    )


@good
def with_a_time_stamp() -> bytes:
    return sign(letter(), HEAD, timestamper=timestamper())


@good
def expired_since_with_a_time_stamp() -> bytes:
    short = holder("Hết hạn", ends=NOW + timedelta(hours=1))
    return sign(letter(), short, timestamper=timestamper())


@good
def revoked_since_with_a_time_stamp() -> bytes:
    return sign(letter(), holder("Thu hồi sau"), timestamper=timestamper())


@good
def the_frozen_letter() -> Case:
    return Case("the_frozen_letter", sign(frozen(), HEAD, box=HEAD_BOX), is_frozen=True)


def write_all(folder: Path) -> None:
    """Write every file below ``folder``."""
    for sort, makers in (("bad", MAKERS), ("good", GOOD)):
        (folder / sort).mkdir(parents=True, exist_ok=True)
        for case in cases(makers):
            (folder / sort / f"{case.name}.pdf").write_bytes(case.pdf)
    (folder / "root.crt").write_bytes(root().der)


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))
