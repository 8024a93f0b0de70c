"""CONFORMANCE section D: bodies, encodings, sizes."""

from __future__ import annotations

import gzip
import unicodedata
import zlib

import pytest

from tests.conformance.conftest import Case
from tests.conformance.rig import START, Rig
from tests.conformance.server import Script, flood, hang_up, item, reply, rss

VIETNAMESE = "Việt Nam đầu tư vào bán dẫn ở Đà Nẵng, thưởng thức những điều mới"
FEED = rss(item("a", START), item("b", START)).encode()
HEAD = b"HTTP/1.1 200 OK\r\n"


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(body) + packer.flush()


async def titles_from(rig: Rig, *answers: Script) -> list[str]:
    rig.feed("one", rig.server.say("/f", *answers))
    await rig.poll()
    return rig.titles()


@pytest.mark.parametrize(
    ("codings", "body"),
    [
        ("gzip", gzip.compress(FEED)),
        ("x-gzip", gzip.compress(FEED)),
        ("deflate", zlib.compress(FEED)),
        ("deflate", raw_deflate(FEED)),
        ("gzip, gzip", gzip.compress(gzip.compress(FEED))),
        ("", gzip.compress(FEED)),
        ("gzip", FEED),
        ("deflate", FEED),
        ("br", FEED),
        ("identity", FEED),
    ],
)
def test_case_42_codings_are_undone(case: Case, codings: str, body: bytes) -> None:
    """gzip, both kinds of deflate, two layers, gzip without a label and plain text under a wrong one are all read."""

    async def work(rig: Rig) -> None:
        labels = {"Content_Encoding": codings} if codings else {}
        assert await titles_from(rig, reply(body, **labels)) == ["Title of a", "Title of b"]

    case(work)


@pytest.mark.parametrize(
    ("codings", "body"),
    [
        ("br", b"\x0b\x02\x80\x00\x01\x02\x03"),
        ("zstd", b"\x28\xb5\x2f\xfd\x00\x00"),
        ("gzip, gzip, gzip", gzip.compress(gzip.compress(gzip.compress(FEED)))),
        ("gzip", b"\x1f\x8b\x08\x00garbage"),
    ],
)
def test_case_42_other_codings_are_refused_by_name(case: Case, codings: str, body: bytes) -> None:
    """What cannot be undone ends in one error that names the coding; the stored entries stay."""

    async def work(rig: Rig) -> None:
        good = reply(FEED)
        await titles_from(rig, good, reply(body, Content_Encoding=codings))
        await rig.again()
        assert rig.state()["error_kind"] == "encoding"
        assert codings.split(",")[0] in rig.state()["error"] or "packed" in rig.state()["error"]
        assert len(rig.titles()) == 2

    case(work)


@pytest.mark.parametrize(
    "answer",
    [
        reply(gzip.compress(b"<rss>" + b" " * 60_000_000), Content_Encoding="gzip"),
        flood(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
        flood(HEAD + b"\r\n", b"x" * 65536),
        flood(HEAD + b"Content-Length: 50000000\r\n\r\n", b"x" * 65536),
    ],
    ids=["bomb", "endless-chunks", "endless", "50-MB"],
)
def test_case_43_size_caps(case: Case, answer: Script) -> None:
    """A gzip bomb, an endless body and 50 MB stop at the cap with a clean error."""

    async def work(rig: Rig) -> None:
        await titles_from(rig, reply(FEED), answer)
        await rig.again()
        assert rig.state()["error_kind"] == "too-large"
        assert len(rig.titles()) == 2

    case(work)


CUT = FEED[: FEED.index(b"What b says")]


@pytest.mark.parametrize(
    "answer",
    [
        hang_up(HEAD + f'ETag: "1"\r\nContent-Length: {len(FEED)}\r\n\r\n'.encode() + CUT),
        hang_up(HEAD + b'ETag: "1"\r\n\r\n' + CUT),
        hang_up(HEAD + b'ETag: "1"\r\nTransfer-Encoding: chunked\r\n\r\n' + f"{len(FEED):x}\r\n".encode() + CUT),
        hang_up(HEAD + f'ETag: "1"\r\nContent-Encoding: gzip\r\nContent-Length: {len(FEED)}\r\n\r\n'.encode() + gzip.compress(CUT)[:-9]),
    ],
    ids=["length", "no-length", "chunked", "gzip"],
)
def test_case_44_a_cut_body(case: Case, answer: Script) -> None:
    """Whole items of a cut body are kept, the half one is not; no validator is stored; the whole body is read next time."""

    async def work(rig: Rig) -> None:
        assert await titles_from(rig, answer, answer, reply(FEED, ETag='"2"')) == ["Title of a"]
        assert rig.state()["etag"] is None
        await rig.again()
        assert rig.titles() == ["Title of a"]
        assert rig.asked("/f")[1].header("if-none-match") is None
        await rig.again()
        assert rig.titles() == ["Title of a", "Title of b"]
        assert rig.state()["etag"] == '"2"'

    case(work)


def test_case_44_a_cut_json_feed(case: Case) -> None:
    """The same for a JSON Feed."""

    async def work(rig: Rig) -> None:
        whole = '{"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": [{"id": "1", "title": "One"}, {"id": "2", "title": "Two"}]}'
        cut = whole[: whole.index('Two"')]
        head = HEAD + f"Content-Length: {len(whole)}\r\n\r\n".encode()
        assert await titles_from(rig, hang_up(head + cut.encode()), reply(whole)) == ["One"]
        await rig.again()
        assert rig.titles() == ["One", "Two"]

    case(work)


def test_case_44_a_body_that_breaks_off_at_once_is_no_wrong_address(case: Case) -> None:
    """Where nothing that came is a feed, the reason says that the answer broke off, not that another document stands there."""

    async def work(rig: Rig) -> None:
        await titles_from(
            rig, hang_up(HEAD.encode() if isinstance(HEAD, str) else HEAD + b"Content-Length: 5000\r\n\r\n<?xml version='1.0'?><!-- ")
        )
        assert (rig.state()["error_kind"], "broke off" in rig.state()["error"]) == ("protocol", True)

    case(work)


@pytest.mark.parametrize(
    ("content_type", "prolog"),
    [
        ("application/rss+xml; charset=iso-8859-1", "UTF-8"),
        ("text/xml", ""),
        ("application/xml", "iso-8859-1"),
        ("text/xml; charset=x-viet-tcvn", "x-viet-tcvn"),
        ("text/html", "UTF-8"),
    ],
)
def test_case_45_utf8_under_wrong_labels(case: Case, content_type: str, prolog: str) -> None:
    """UTF-8 is read as such whatever header and prolog say."""

    async def work(rig: Rig) -> None:
        declared = f'<?xml version="1.0" encoding="{prolog}"?>' if prolog else '<?xml version="1.0"?>'
        document = declared + rss(item("a", START, title=VIETNAMESE)).split("?>", 1)[1]
        assert await titles_from(rig, reply(document, Content_Type=content_type)) == [VIETNAMESE]

    case(work)


@pytest.mark.parametrize("label", ["prolog", "header", "neither"])
def test_case_46_windows_1258(case: Case, label: str) -> None:
    """windows-1258 becomes the composed form of the original, with either label and with none."""

    async def work(rig: Rig) -> None:
        spread = "".join(_for_1258(char) for char in VIETNAMESE)
        declared = ' encoding="windows-1258"' if label == "prolog" else ""
        document = f'<?xml version="1.0"{declared}?>' + rss(item("a", START, title=spread, description=spread)).split("?>", 1)[1]
        content_type = "text/xml; charset=windows-1258" if label == "header" else "application/rss+xml"
        titles = await titles_from(rig, reply(document.encode("cp1258"), Content_Type=content_type))
        assert titles == [unicodedata.normalize("NFC", VIETNAMESE)]
        assert rig.entries()[0]["summary"] == titles[0]

    case(work)


def _for_1258(char: str) -> str:
    """Base letter with its shape mark, then the tone as a combining sign: what windows-1258 can write."""
    try:
        char.encode("cp1258")
    except UnicodeEncodeError:
        parts = unicodedata.normalize("NFD", char)
        tones = [part for part in parts[1:] if part in "\u0300\u0301\u0303\u0309\u0323"]
        shape = unicodedata.normalize("NFC", parts[0] + "".join(part for part in parts[1:] if part not in tones))
        return shape + "".join(tones)
    return char


def test_case_47_forms_of_one_title(case: Case) -> None:
    """Composed, decomposed and with the tone elsewhere: three matches of one kind, one story."""

    async def work(rig: Rig) -> None:
        forms = ["Nhà máy Hòa Phát khởi công", unicodedata.normalize("NFD", "Nhà máy Hoà Phát khởi công"), "Nhà máy Hoà Phát khởi công"]
        for number, title in enumerate(forms):
            fields = {"guid": f"g{number}", "link": rig.server.url("/x", f"news{number}.example"), "title": title, "description": title}
            rig.server.say("/x", reply(f"<html><body><article><p>{title}.</p></article>"), host=f"news{number}.example")
            rig.feed(f"f{number}", rig.server.say("/f", reply(rss(item("a", START, **fields))), host=f"f{number}.example"))
        rig.articles = True
        await rig.poll()
        await rig.digest()
        assert rig.rows("select count(*) as n, min(score) = max(score) as same from hits") == [{"n": 3, "same": 1}]
        assert rig.rows("select count(*) as n from stories") == [{"n": 1}]

    case(work)


TCVN3 = "ViÖt Nam ®Çu t­ vµo b¸n dÉn ë §µ N½ng, mét nhµ m¸y míi cña c«ng ty".encode("cp1252")
VNI = "Vieät Nam ñaàu tö vaøo baùn daãn ôû Ñaø Naüng, moät nhaø maùy môùi cuûa coâng ty".encode("cp1252")


@pytest.mark.parametrize("text", [TCVN3, VNI], ids=["TCVN3", "VNI"])
def test_case_48_fonts_posing_as_encodings(case: Case, text: bytes) -> None:
    """TCVN3 and VNI bytes are stored without a crash, the feed is marked unreadable, and nothing matches falsely."""

    async def work(rig: Rig) -> None:
        document = rss(item("a", START, title="TITLE", description="TEXT")).replace("UTF-8", "us-ascii").encode()
        await titles_from(rig, reply(document.replace(b"TITLE", text).replace(b"TEXT", text * 3)))
        assert len(rig.entries()) == 1
        assert "cannot be read" in rig.state()["note"]
        await rig.digest()
        assert rig.alerts() == []

    case(work)


def test_case_48_french_is_no_font(case: Case) -> None:
    """Ordinary accented text is not taken for an old Vietnamese font."""

    async def work(rig: Rig) -> None:
        text = "L’usine « coûtera » deux milliards d’euros à Noël, a déclaré le préfet : naïveté, maïs, août, créée, où"
        document = rss(item("a", START, title=text, description=text)).replace("UTF-8", "windows-1252").encode("cp1252")
        assert await titles_from(rig, reply(document)) == [text]
        assert rig.state()["note"] == ""

    case(work)


WHOLE = rss(item("a", START, title=VIETNAMESE), item("b", START))
JUNK = {
    "utf-16-le": b"\xff\xfe" + WHOLE.replace("UTF-8", "UTF-16").encode("utf-16-le"),
    "utf-16-be": b"\xfe\xff" + WHOLE.replace("UTF-8", "UTF-16").encode("utf-16-be"),
    "utf-16-le-bare": WHOLE.replace("UTF-8", "UTF-16").encode("utf-16-le"),
    "utf-16-be-bare": WHOLE.replace("UTF-8", "UTF-16").encode("utf-16-be"),
    "utf-16-says-utf-8": b"\xff\xfe" + WHOLE.encode("utf-16-le"),
    "utf-8-bom": b"\xef\xbb\xbf" + WHOLE.encode(),
    "two-boms": b"\xef\xbb\xbf\xef\xbb\xbf" + WHOLE.encode(),
    "blank-lines": b"\r\n\r\n \t" + WHOLE.encode(),
    "many-blank-lines": b"\n" * 90_000 + WHOLE.encode(),
    "warning": b"<br />\n<b>Warning</b>:  Undefined variable $x in <b>/var/www/feed.php</b> on line <b>3</b><br />\n" + WHOLE.encode(),
    "plain-warning": b"PHP Warning:  include(): Failed opening 'x' in /var/www/feed.php on line 3\n" + WHOLE.encode(),
    "junk-after": WHOLE.encode() + b"\n<!-- cached 0.1s -->\n<script>var x = 1 < 2 && 3;</script>garbage & more",
}


@pytest.mark.parametrize("name", JUNK)
def test_case_49_wide_characters_and_junk(case: Case, name: str) -> None:
    """UTF-16 with and without its mark, marks, blank lines and warnings before, junk behind: all entries are read."""

    async def work(rig: Rig) -> None:
        assert await titles_from(rig, reply(JUNK[name], Content_Type="application/xml")) == [VIETNAMESE, "Title of b"]

    case(work)


def test_case_50_dirty_characters(case: Case) -> None:
    """Controls, NUL, lone surrogates, bare ampersands and undeclared entities: all entries, clean text, fit for store, JSON and mail."""

    async def work(rig: Rig) -> None:
        dirty = [
            item("a", START, title="Bell\x07 and NUL\x00 here"),
            item("b", START, title="Lone &#xD800; surrogate &#55357;"),
            item("c", START, title="AT&T & friends"),
            item("d", START, title="No&nbsp;break, &eacute;t&eacute; &hellip; &unknown;"),
            item("e", START, title="Bytes \ud800 here"),
            item("f", START, title="Vertical\x0btab &#0; &#x1F; end"),
        ]
        titles = await titles_from(rig, reply(rss(*dirty).encode("utf-8", "surrogatepass")))
        assert len(titles) == 6
        assert "Bell and NUL here" in titles
        assert "AT&T & friends" in titles
        assert any(title.startswith("No break, été …") for title in titles)
        for row in rig.entries():
            for text in (row["title"], row["summary"], row["guid"]):
                text.encode("utf-8")
                assert not any(unicodedata.category(char) in {"Cc", "Cs"} for char in text)
        await rig.digest()

    case(work)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Gi&amp;aacute; v&amp;agrave;ng &amp;amp; USD", "Giá vàng & USD"),
        ("<![CDATA[<b>Giá</b> v&agrave;ng <img src='x.jpg'> tăng]]>", "Giá vàng tăng"),
        ("&lt;b&gt;Giá&lt;/b&gt; vàng", "Giá vàng"),
        ("Giá <b>vàng</b> tăng", "Giá vàng tăng"),
        ("<![CDATA[R&amp;D at AT&amp;amp;T]]>", "R&D at AT&T"),
        ("5 &lt; 6 and 7 &gt; 2", "5 < 6 and 7 > 2"),
    ],
)
def test_case_51_titles_are_plain(case: Case, written: str, read: str) -> None:
    """Twice encoded, in CDATA or with markup: the stored title is what a reader would see."""

    async def work(rig: Rig) -> None:
        assert await titles_from(rig, reply(rss(item("a", START, title=written)))) == [read]

    case(work)


def _doctype(inner: str) -> str:
    return f"<!DOCTYPE rss [{inner}]>"


HOSTILE = {
    "billion-laughs": _doctype(
        '<!ENTITY a "ha">' + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True))
    ),
    "quadratic": _doctype(f'<!ENTITY j "{"x" * 100_000}">'),
    "external": _doctype('<!ENTITY j SYSTEM "file:///etc/hostname">'),
    "remote-entity": _doctype('<!ENTITY j SYSTEM "http://feeds.example:PORT/entity">'),
    "parameter": _doctype('<!ENTITY % p SYSTEM "http://feeds.example:PORT/dtd"> %p; <!ENTITY j "x">'),
    "remote-dtd": '<!DOCTYPE rss SYSTEM "http://feeds.example:PORT/dtd">',
    "public-dtd": '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://feeds.example:PORT/rss-0.91.dtd">',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_case_52_entities_and_doctypes(case: Case, name: str) -> None:
    """Bombs, external entities and remote DTDs: no file, no request, bounded time, and the next feed is fine."""

    async def work(rig: Rig) -> None:
        doctype = HOSTILE[name].replace("PORT", str(rig.server.port))
        uses = "" if name.endswith("dtd") else "&j;" * (1000 if name == "quadratic" else 1)
        document = rss(item("a", START, title=f"Before {uses} after")).replace("<rss", doctype + "<rss", 1)
        rig.feed("other", rig.server.say("/other", reply(FEED)))
        titles = await titles_from(rig, reply(document))
        assert len(rig.asked()) == 2
        assert len(rig.titles("other")) == 2
        assert rig.state()["error_kind"] is not None or len(titles) == 1
        assert all("Before" in title and len(title) <= 500 for title in titles)
        with open("/etc/hostname") as file:  # noqa: PTH123
            assert file.read().strip() not in "".join(titles)

    case(work)


def test_case_53_huge_but_honest(case: Case) -> None:
    """One 9 MB description, 20,000 nested tags and 20,000 items each end within the limits, and other feeds go on."""

    async def work(rig: Rig) -> None:
        long = rss(item("long", START, description="<![CDATA[" + "<p>word word</p>" * 560_000 + "]]>"), item("next", START))
        nested = rss(item("deep", START, description="<div>" * 20_000 + "core" + "</div>" * 20_000))
        many = rss(*(item(f"n{number}", START) for number in range(20_000)))
        for name, body in (("long", long), ("nested", nested), ("many", many), ("small", FEED.decode())):
            rig.feed(name, rig.server.say(f"/{name}", reply(body), host=f"{name}.example"))
        await rig.poll()
        assert rig.titles("long") == ["Title of long", "Title of next"]
        assert rig.titles("nested") == ["Title of deep"]
        assert len(rig.titles("many")) == 1000
        assert "20000 items" in rig.state("many")["note"]
        assert len(rig.titles("small")) == 2

    case(work)
