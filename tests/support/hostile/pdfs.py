"""PDFs made to harm, written object by object because no library would write them."""

import zlib
from random import Random

_FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
_TEXT = b"BT /F 12 Tf 20 700 Td (Testo) Tj ET"


def _pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """Return a PDF of these objects, numbered from 1; the first is the catalogue."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, trailer, start)
    return bytes(out)


def _stream(content: bytes, facts: bytes = b"") -> bytes:
    return b"<</Length %d%s>>\nstream\n" % (len(content), facts) + content + b"\nendstream"


def _one_page(content: bytes, *more: bytes, resources: bytes = b"", page: bytes = b"") -> bytes:
    """Return a PDF of one page with this content stream; `more` are the objects from 6 on."""
    return _pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R"
        b"/Resources<</Font<</F 5 0 R>>%s>>%s>>" % (resources, page),
        content,
        _FONT,
        *more,
    )


def tree_that_loops(random: Random) -> tuple[str, bytes]:
    kids = random.choice((b"2 0 R", b"3 0 R 2 0 R", b"1 0 R"))
    back = b"<</Type/Pages/Kids[2 0 R]/Count 5/Parent 2 0 R>>"
    return "anello.pdf", _pdf(
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[%s]/Count 9>>" % kids, back
    )


def many_pages(random: Random) -> tuple[str, bytes]:
    count = random.choice((2001, 10_000))
    kids = b" ".join(b"%d 0 R" % (number + 5) for number in range(count))
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 3 0 R>>>>>>"
    return "lunghissimo.pdf", _pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count),
        _FONT,
        _stream(_TEXT),
        *[page] * count,
    )


def one_page_many_times(random: Random) -> tuple[str, bytes]:
    kids = b"3 0 R " * random.choice((100, 50_000))
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>"
    return "ripetuto.pdf", _pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count 1>>" % kids,
        page,
        _stream(_TEXT),
        _FONT,
    )


def stream_bomb(random: Random) -> tuple[str, bytes]:
    packer = zlib.compressobj(9)
    piece = random.choice((b" ", b"q ", b"0 0 m ", b"(a) Tj ")) * (1 << 18)
    packed = b"".join(packer.compress(piece) for _ in range(random.choice((4, 800)))) + packer.flush()
    twice = random.random() < 0.5
    filters = b"/Filter[/FlateDecode/FlateDecode]" if twice else b"/Filter/FlateDecode"
    return "gonfio.pdf", _one_page(_stream(zlib.compress(packed, 9) if twice else packed, filters))


def form_that_draws_itself(random: Random) -> tuple[str, bytes]:
    form = _stream(
        b"/X Do " * random.choice((1, 10)) + _TEXT,
        b"/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</XObject<</X 6 0 R>>/Font<</F 5 0 R>>>>",
    )
    return "specchio.pdf", _one_page(_stream(b"/X Do"), form, resources=b"/XObject<</X 6 0 R>>")


def forms_that_double(random: Random) -> tuple[str, bytes]:
    """Each form draws the next one ten times: a billion texts in a few kilobytes."""
    depth = random.choice((3, 9))
    forms = [
        _stream(
            b"/X Do " * 10 if level < depth else _TEXT,
            b"/Type/XObject/Subtype/Form/BBox[0 0 600 800]"
            b"/Resources<</XObject<</X %d 0 R>>/Font<</F 5 0 R>>>>" % (7 + level),
        )
        for level in range(depth + 1)
    ]
    return "risate.pdf", _one_page(_stream(b"/X Do"), *forms, resources=b"/XObject<</X 6 0 R>>")


def huge_image(random: Random) -> tuple[str, bytes]:
    side = random.choice((30_000, 1_000_000))
    facts = b"/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8/ColorSpace/DeviceRGB" % (
        side,
        side,
    )
    image = _stream(zlib.compress(b"\x00" * 1000), facts + b"/Filter/FlateDecode")
    return "immagine.pdf", _one_page(
        _stream(b"600 0 0 800 0 0 cm /X Do"), image, resources=b"/XObject<</X 6 0 R>>"
    )


def huge_page(random: Random) -> tuple[str, bytes]:
    box = random.choice(
        (b"/MediaBox[0 0 1e9 1e9]", b"/MediaBox[0 0 0 0]", b"/MediaBox[a b]", b"/Rotate 37", b"/UserUnit 1e9")
    )
    return "pagina.pdf", _one_page(_stream(_TEXT), page=box)


def many_lines(random: Random) -> tuple[str, bytes]:
    """Rules that cross: whoever looks for tables compares each with each."""
    count = random.choice((50, 3000))
    across = b"".join(b"0 %d m 600 %d l S " % (at, at) for at in range(count))
    down = b"".join(b"%d 0 m %d 800 l S " % (at, at) for at in range(count))
    return "righe.pdf", _one_page(_stream(across + down + _TEXT))


def many_letters(random: Random) -> tuple[str, bytes]:
    """Letters all over a page, or all at one place."""
    count, width = random.choice((1000, 100_000)), random.choice((0, 600))
    letters = b"".join(
        b"1 0 0 1 %d %d Tm (a) Tj " % (random.randint(0, width), random.randint(0, 800)) for _ in range(count)
    )
    return "lettere.pdf", _one_page(_stream(b"BT /F 8 Tf " + letters + b"ET"))


def deep_objects(random: Random) -> tuple[str, bytes]:
    depth = random.choice((200, 100_000))
    opened, closed = random.choice(((b"[", b"]"), (b"<</A", b">>"), (b"(", b")")))
    return "profondo.pdf", _one_page(_stream(_TEXT), opened * depth + closed * depth, page=b"/A 6 0 R")


def table_that_points_to_itself(random: Random) -> tuple[str, bytes]:
    content = _one_page(_stream(_TEXT))
    start = content.rindex(b"startxref") + 10
    before = content[start : content.index(b"\n", start)]
    return "indice.pdf", content.replace(b"/Root 1 0 R", b"/Root 1 0 R/Prev " + before)


def lengths_that_refer(random: Random) -> tuple[str, bytes]:
    length = random.choice((b"6 0 R", b"4 0 R", b"-5", b"99999999999", b"1.5", b"null"))
    return "misura.pdf", _one_page(b"<</Length %s>>\nstream\n%s\nendstream" % (length, _TEXT), b"6 0 R")


ATTACKS = (
    tree_that_loops,
    many_pages,
    one_page_many_times,
    stream_bomb,
    form_that_draws_itself,
    forms_that_double,
    huge_image,
    huge_page,
    many_lines,
    many_letters,
    deep_objects,
    table_that_points_to_itself,
    lengths_that_refer,
)
