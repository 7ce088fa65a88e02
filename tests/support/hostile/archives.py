"""Archives and XML made to harm: bombs, loops, depths, lies. Each is a function of a random source."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from functools import cache
from random import Random

from tests.support.hostile.seeds import seed, zipped
from tests.support.hostile.texts import CANARY_FILE, Attack

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
    end = struct.pack(
        "<4sHHHHIIH",
        b"PK\x05\x06",
        0,
        0,
        len(members) + 1,
        len(members) + 1,
        len(directory),
        directory_at + len(local),
        0,
    )
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
    return name, _with_bomb(
        member, _without(name, member), megabytes=random.choice((50, 190, 400)), told=told
    )


def bomb_in_a_zip(random: Random) -> tuple[str, bytes]:
    return "bomba.zip", _with_bomb("testo.txt", {}, megabytes=random.choice((190, 400)))


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
    names = (
        "../../etc/passwd.md",
        "/etc/passwd.md",
        "C:\\a.md",
        "a\u202edm.exe.md",
        "x" * 4096 + ".md",
        "a//b.md",
        ".md",
    )
    return "nomi.zip", zipped(dict.fromkeys(names, b"# Titolo\n\nTesto"))


def _laughs(random: Random) -> bytes:
    levels = random.choice((5, 9, 30))
    lines = ['<!ENTITY l0 "ah">', *(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, levels))]
    return f"<!DOCTYPE x [{''.join(lines)}]><x>&l{levels - 1};</x>".encode()


def _outside(random: Random) -> bytes:
    target = random.choice((CANARY_FILE.as_uri(), "file:///dev/zero", "http://127.0.0.1:9/x"))
    kind = random.choice(
        (
            '<!DOCTYPE x [<!ENTITY o SYSTEM "{}">]><x>&o;</x>',
            '<!DOCTYPE x SYSTEM "{}"><x>a</x>',
            '<!DOCTYPE x [<!ENTITY % o SYSTEM "{}"> %o;]><x>a</x>',
        )
    )
    return kind.format(target).encode()


def _blow_up(random: Random) -> bytes:
    return (
        b'<!DOCTYPE x [<!ENTITY a "'
        + b"a" * 50_000
        + b'">]><x>'
        + b"&a;" * random.choice((1000, 50_000))
        + b"</x>"
    )


def xml_bomb(random: Random) -> tuple[str, bytes]:
    content = random.choice((_laughs, _outside, _blow_up))(random)
    name = random.choice((*_MAIN_PARTS, "pagina.html", "guida.md"))
    if name not in _MAIN_PARTS:
        return name, content
    body = content.replace(b"<x>", b'<w:document xmlns:w="urn:w"><w:p>').replace(
        b"</x>", b"</w:p></w:document>"
    )
    return name, _replaced(name, _MAIN_PARTS[name], b'<?xml version="1.0"?>' + body)


def deep_xml(random: Random) -> tuple[str, bytes]:
    name, member = random.choice(list(_MAIN_PARTS.items()))
    depth = random.choice((300, 5000, 300_000))
    tag = random.choice((b"w:p", b"w:tbl", b"div", b"text:list"))
    space = b' xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:text="urn:t"'
    opened = b"<" + tag + space + b">" + (b"<" + tag + b">") * (depth - 1)
    return name, _replaced(name, member, opened + b"a" + (b"</" + tag + b">") * depth)


ATTACKS: tuple[Attack, ...] = (
    bomb_in_an_office_file,
    bomb_in_a_zip,
    bomb_in_a_zip_in_a_zip,
    zip_of_overlapping_members,
    zip_of_many_members,
    zip_of_bad_names,
    xml_bomb,
    deep_xml,
)
