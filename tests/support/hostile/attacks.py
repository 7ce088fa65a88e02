"""Files made to harm: bombs, loops, depths, lies. Each is a function of a random source to a name and bytes."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from random import Random

from tests.support.hostile.seeds import seed, zipped

Attack = Callable[[Random], tuple[str, bytes]]
CANARY_FILE = Path(__file__).with_name("canary.txt")
"""Its content must never stand in a text: no file may make its reader open another file."""
_MIB = 1024 * 1024


@cache
def _packed_zeros(megabytes: int, letter: bytes = b"\x00") -> tuple[bytes, int]:
    """Return (raw deflate stream, checksum) of so many equal bytes, made piece by piece."""
    packer, checksum, packed = zlib.compressobj(9, zlib.DEFLATED, -15), 0, bytearray()
    piece = letter * _MIB
    for _ in range(megabytes):
        checksum = zlib.crc32(piece, checksum)
        packed += packer.compress(piece)
    return bytes(packed + packer.flush()), checksum


def _with_bomb(name: str, members: Mapping[str, bytes], *, megabytes: int, told: int | None = None) -> bytes:
    """Return a zip whose last member unpacks to so many megabytes, whatever size its directory tells."""
    packed, checksum = _packed_zeros(megabytes, b" ")
    size = megabytes * _MIB if told is None else told
    head = zipped(members, zipfile.ZIP_STORED)
    directory_at = struct.unpack("<I", head[-6:-2])[0]
    raw = name.encode()
    facts = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, checksum, len(packed), size, len(raw), 0)
    entry = b"PK\x01\x02\x14\x00" + facts + struct.pack("<HHHII", 0, 0, 0, 0, directory_at) + raw
    directory = head[directory_at:-22] + entry
    local = b"PK\x03\x04" + facts + raw + packed
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, len(members) + 1, len(members) + 1, len(directory),
                      directory_at + len(local), 0)  # fmt: skip
    return head[:directory_at] + local + directory + end


def _without(seed_name: str, member: str) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(seed(seed_name))) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name != member}


def _replaced(seed_name: str, member: str, content: bytes) -> bytes:
    return zipped({**_without(seed_name, member), member: content})


_MAIN_PARTS = {
    "resi.docx": "word/document.xml",
    "prezzi.xlsx": "xl/worksheets/sheet1.xml",
    "consegna.pptx": "ppt/slides/slide1.xml",
    "noleggio.odt": "content.xml",
    "libro.epub": "c.xhtml",
}


def bomb_in_an_office_file(random: Random) -> tuple[str, bytes]:
    name, member = random.choice(list(_MAIN_PARTS.items()))
    told = random.choice((None, 1000))
    return name, _with_bomb(member, _without(name, member), megabytes=random.choice((50, 190, 400)), told=told)


def bomb_in_a_zip(random: Random) -> tuple[str, bytes]:
    return "bomba.zip", _with_bomb("testo.txt", {}, megabytes=random.choice((190, 1500)))


def bomb_in_a_zip_in_a_zip(random: Random) -> tuple[str, bytes]:
    content = _with_bomb("testo.txt", {}, megabytes=100)
    for depth in range(random.choice((1, 2, 8))):
        content = zipped({f"{depth}-{copy}.zip": content for copy in range(random.choice((1, 10)))})
        content = content[: 40 * _MIB]
    return "matrioska.zip", content


def zip_of_overlapping_members(random: Random) -> tuple[str, bytes]:
    """Many entries of the directory that all point to the same bytes."""
    first = _with_bomb("testo.txt", {}, megabytes=50)
    directory_at, count = struct.unpack("<I", first[-6:-2])[0], random.choice((100, 3000))
    directory = first[directory_at:-22] * count
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, len(directory), directory_at, 0)
    return "sovrapposti.zip", first[:directory_at] + directory + end


def zip_of_many_members(random: Random) -> tuple[str, bytes]:
    return "molti.zip", zipped({f"{number}.md": b"# a" for number in range(random.choice((2001, 20000)))})


def zip_of_bad_names(random: Random) -> tuple[str, bytes]:
    names = ("../../etc/passwd.md", "/etc/passwd.md", "C:\\a.md", "a\u202edm.exe.md", "x" * 4096 + ".md", "a//b.md", ".md")
    return "nomi.zip", zipped(dict.fromkeys(names, b"# Titolo\n\nTesto"))


def _laughs(random: Random) -> bytes:
    levels = random.choice((5, 9, 30))
    lines = ['<!ENTITY l0 "ah">', *(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, levels))]
    return f"<!DOCTYPE x [{''.join(lines)}]><x>&l{levels - 1};</x>".encode()


def _outside(random: Random) -> bytes:
    target = random.choice((CANARY_FILE.as_uri(), "file:///dev/zero", "http://127.0.0.1:9/x"))
    kind = random.choice(('<!DOCTYPE x [<!ENTITY o SYSTEM "{}">]><x>&o;</x>', '<!DOCTYPE x SYSTEM "{}"><x>a</x>',
                          '<!DOCTYPE x [<!ENTITY % o SYSTEM "{}"> %o;]><x>a</x>'))  # fmt: skip
    return kind.format(target).encode()


def _blow_up(random: Random) -> bytes:
    return b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 50_000 + b'">]><x>' + b"&a;" * random.choice((1000, 50_000)) + b"</x>"


def xml_bomb(random: Random) -> tuple[str, bytes]:
    content = random.choice((_laughs, _outside, _blow_up))(random)
    name = random.choice((*_MAIN_PARTS, "pagina.html", "guida.md"))
    if name not in _MAIN_PARTS:
        return name, content
    body = content.replace(b"<x>", b'<w:document xmlns:w="urn:w"><w:p>').replace(b"</x>", b"</w:p></w:document>")
    return name, _replaced(name, _MAIN_PARTS[name], b'<?xml version="1.0"?>' + body)


def deep_xml(random: Random) -> tuple[str, bytes]:
    name, member = random.choice(list(_MAIN_PARTS.items()))
    depth = random.choice((300, 5000, 300_000))
    tag = random.choice((b"w:p", b"w:tbl", b"div", b"text:list"))
    space = b' xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:text="urn:t"'
    opened = b"<" + tag + space + b">" + (b"<" + tag + b">") * (depth - 1)
    return name, _replaced(name, member, opened + b"a" + (b"</" + tag + b">") * depth)


def _nested(opened: str, closed: str, name: str, *, most: int = 100_000) -> Attack:
    def attack(random: Random) -> tuple[str, bytes]:
        depth = random.choice((200, 2000, most))
        return name, (opened * depth + "a" + closed * depth).encode()

    attack.__name__ = f"nested {opened.strip()}"
    return attack


def _long(piece: str, name: str, *, most: int = _MIB) -> Attack:
    def attack(random: Random) -> tuple[str, bytes]:
        return name, (piece * (random.choice((1000, 30_000, most)) // len(piece) + 1)).encode()

    attack.__name__ = f"long {piece.strip() or 'white space'}"
    return attack


def wide_table(random: Random) -> tuple[str, bytes]:
    width = random.choice((1000, 20_000))
    rows = ("|" + "a|" * width, "|" + "-|" * width, "|" + "b|" * width)
    return "larga.md", "\n".join((*rows, *("|c|",) * random.choice((1, 300)))).encode()


def spanning_cells(random: Random) -> tuple[str, bytes]:
    span = random.choice((1000, 10**9))
    return "celle.html", f"<html><table><tr><td colspan={span} rowspan={span}>a</td></tr></table>".encode()


def front_matter_bomb(random: Random) -> tuple[str, bytes]:
    levels = random.choice((5, 12, 40))
    lines = ["a0: &a0 [ah, ah]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, levels))]
    return "bomba.md", "\n".join(("---", *lines, f"title: *a{levels - 1}", "---", "# Titolo", "Testo")).encode()


def odd_front_matter(random: Random) -> tuple[str, bytes]:
    values = ("&a [*a]", "2026-99-99", "!!python/object/apply:os.system ['true']", "!!binary aGFoYQ==", "? [a, b]\n: c",
              "1" * 5000, "\"\\ud800\"", "!!set {a, b}", "{1: {2026-01-01: x}}", ".nan", "0x" + "f" * 400)  # fmt: skip
    key = random.choice(("title", "language", "stages", "audience", "url", "valid_from", "supersedes"))
    return "strano.md", f"---\n{key}: {random.choice(values)}\n---\n# Titolo\n\nTesto".encode()


def rst_that_reads_files(random: Random) -> tuple[str, bytes]:
    directive = random.choice((".. include:: {}", ".. literalinclude:: {}", ".. raw:: html\n   :file: {}",
                               ".. csv-table::\n   :file: {}", ".. image:: {}", ".. highlight:: {}"))  # fmt: skip
    return "altrui.rst", f"Titolo\n======\n\nTesto\n\n{directive.format(CANARY_FILE)}\n".encode()


def deep_json(random: Random) -> tuple[str, bytes]:
    depth = random.choice((500, 100_000))
    return "profondo.jsonl", b'{"id": "a", "text": ' + b"[" * depth + b"]" * depth + b"}"


def odd_json(random: Random) -> tuple[str, bytes]:
    values = ('"\\ud800"', "1e400", "9" * 5000, "null", '"a\\u0000b"', "{}", "[1]", "true", "NaN", '"' + "a\u0301" * 2000 + '"')
    lines = (f'{{"id": {random.choice(values)}, "text": {random.choice(values)}, "text": "b"}}' for _ in range(20))
    return "strano.jsonl", "\n".join(lines).encode()


def odd_characters(random: Random) -> tuple[str, bytes]:
    texts = ("a" + "\u0301" * 1000, "\ud800 testo \udfff", "\u202etxet\u202c", "\x00" * 500 + "testo", "\u200b" * 5000 + "a",
             "\U000e0041" * 300 + "a", "\ufdfa" * 3000, "\u2028" * 3000 + "a", "\ufeff" * 100 + "a", "\U0001f468\u200d" * 3000)  # fmt: skip
    text = f"# Titolo\n\n{random.choice(texts)} {random.choice(texts)}\n"
    return random.choice(("a.md", "a.txt", "a.html", "a.rst", "a.csv")), text.encode("utf-8", "surrogatepass")


def odd_encoding(random: Random) -> tuple[str, bytes]:
    declared = random.choice((b"utf-7", b"idna", b"unicode_escape", b"zlib", b"base64", b"undefined", b"x" * 500, b"utf-32"))
    return "codifica.html", b'<!doctype html><meta charset="' + declared + b'"><p>perch\xe9 +AGE- \\x41</p>'


def nothing(random: Random) -> tuple[str, bytes]:
    content = (b"", b"\x00", b"\x00" * 5000, b" \n" * 500, b"\xef\xbb\xbf", b"\xff\xfe", b"PK\x03\x04", b"%PDF-", b"{\\rtf")
    return random.choice(("vuoto.md", "vuoto.pdf", "vuoto.docx", "vuoto.zip", "vuoto.csv")), random.choice(content)


def rtf_of_groups(random: Random) -> tuple[str, bytes]:
    depth = random.choice((500, 200_000))
    return "gruppi.rtf", rb"{\rtf1 " + b"{" * depth + rb"a\bin99999999 " + b"}" * (depth if random.random() < 0.5 else 0)


def mail_in_mail(random: Random) -> tuple[str, bytes]:
    depth, parts = random.choice((50, 2000)), []
    for number in range(depth):
        parts.append(f'Content-Type: multipart/mixed; boundary="b{number}"\n\n--b{number}\n')
    return "bambole.eml", ("From: a@example.org\nSubject: a\nMIME-Version: 1.0\n" + "".join(parts) + "\ntesto\n").encode()


def long_headers(random: Random) -> tuple[str, bytes]:
    line = "Subject: " + "=?utf-8?q?=C3=A8?= " * random.choice((100, 20_000))
    return "testate.eml", f"From: a@example.org\n{line}\n{'X-A: b' + chr(10)}\n\ntesto".encode()


def quotes_without_end(random: Random) -> tuple[str, bytes]:
    return "virgolette.csv", ('a;b\n"' + 'x";"' * random.choice((100, 100_000))).encode()


ATTACKS: tuple[Attack, ...] = (
    bomb_in_an_office_file, bomb_in_a_zip, bomb_in_a_zip_in_a_zip, zip_of_overlapping_members, zip_of_many_members,
    zip_of_bad_names, xml_bomb, deep_xml, wide_table, spanning_cells, front_matter_bomb, odd_front_matter, deep_json,
    rst_that_reads_files, odd_json, odd_characters, odd_encoding, nothing, rtf_of_groups, mail_in_mail, long_headers, quotes_without_end,
    _nested("<div>", "</div>", "fondo.html"), _nested("<ul><li>", "</li></ul>", "elenchi.html"),
    _nested("<table><tr><td>", "", "tabelle.html", most=20_000), _nested("> ", "", "citazioni.md"),
    _nested("- ", "", "elenchi.md"), _nested("[", "](a)", "legami.md"), _nested("*a **b ", "", "enfasi.md"),
    _nested("![", "]", "immagini.md"), _nested("<!--", "", "commenti.html"), _nested("* ", "", "elenchi.rst"),
    _nested(".. note::\n\n   ", "", "note.rst", most=5000), _nested("`", "_", "ruoli.rst"),
    _nested("<b><i>", "", "grassetti.html"), _nested("<svg><math>", "", "estranei.html", most=20_000),
    _long("a", "parola.txt"), _long("à", "parola.md"), _long("a\n", "righe.md"), _long("a.", "punti.txt"),
    _long(" \n", "bianchi.md"), _long("\t", "tabulazioni.txt"), _long("&", "entita.html"), _long("<", "aperte.html"),
    _long("`", "apici.md"), _long("_*", "segni.md"), _long("=\n", "linee.rst"), _long("|", "barre.md"),
    _long("a,", "colonne.csv"), _long("--", "trattini.txt"), _long("[a]: b\n", "riferimenti.md"),
    _long("https://", "indirizzi.txt"), _long("1. a\n", "numeri.md"), _long("😀‍", "faccine.txt"),
)  # fmt: skip
