"""Texts made to harm: depths, lengths, odd characters and metadata. Each is a function of a random source."""

from collections.abc import Callable
from pathlib import Path
from random import Random

Attack = Callable[[Random], tuple[str, bytes]]
CANARY_FILE = Path(__file__).with_name("canary.txt")
"""Its content must never stand in a text: no file may make its reader open another file."""
_MIB = 1024 * 1024


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
    lines = [
        "a0: &a0 [ah, ah]",
        *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, levels)),
    ]
    return "bomba.md", "\n".join(
        ("---", *lines, f"title: *a{levels - 1}", "---", "# Titolo", "Testo")
    ).encode()


def odd_front_matter(random: Random) -> tuple[str, bytes]:
    values = (
        "&a [*a]",
        "2026-99-99",
        "!!python/object/apply:os.system ['true']",
        "!!binary aGFoYQ==",
        "? [a, b]\n: c",
        "1" * 5000,
        '"\\ud800"',
        "!!set {a, b}",
        "{1: {2026-01-01: x}}",
        ".nan",
        "0x" + "f" * 400,
    )
    key = random.choice(("title", "language", "stages", "audience", "url", "valid_from", "supersedes"))
    return "strano.md", f"---\n{key}: {random.choice(values)}\n---\n# Titolo\n\nTesto".encode()


def rst_that_reads_files(random: Random) -> tuple[str, bytes]:
    directive = random.choice(
        (
            ".. include:: {}",
            ".. literalinclude:: {}",
            ".. raw:: html\n   :file: {}",
            ".. csv-table::\n   :file: {}",
            ".. image:: {}",
            ".. highlight:: {}",
        )
    )
    return "altrui.rst", f"Titolo\n======\n\nTesto\n\n{directive.format(CANARY_FILE)}\n".encode()


def deep_json(random: Random) -> tuple[str, bytes]:
    depth = random.choice((500, 100_000))
    return "profondo.jsonl", b'{"id": "a", "text": ' + b"[" * depth + b"]" * depth + b"}"


def odd_json(random: Random) -> tuple[str, bytes]:
    values = (
        '"\\ud800"',
        "1e400",
        "9" * 5000,
        "null",
        '"a\\u0000b"',
        "{}",
        "[1]",
        "true",
        "NaN",
        '"' + "a\u0301" * 2000 + '"',
    )
    lines = (
        f'{{"id": {random.choice(values)}, "text": {random.choice(values)}, "text": "b"}}' for _ in range(20)
    )
    return "strano.jsonl", "\n".join(lines).encode()


def odd_characters(random: Random) -> tuple[str, bytes]:
    texts = (
        "a" + "\u0301" * 1000,
        "\ud800 testo \udfff",
        "\u202etxet\u202c",
        "\x00" * 500 + "testo",
        "\u200b" * 5000 + "a",
        "\U000e0041" * 300 + "a",
        "\ufdfa" * 3000,
        "\u2028" * 3000 + "a",
        "\ufeff" * 100 + "a",
        "\U0001f468\u200d" * 3000,
    )
    text = f"# Titolo\n\n{random.choice(texts)} {random.choice(texts)}\n"
    return random.choice(("a.md", "a.txt", "a.html", "a.rst", "a.csv")), text.encode("utf-8", "surrogatepass")


def odd_encoding(random: Random) -> tuple[str, bytes]:
    declared = random.choice(
        (b"utf-7", b"idna", b"unicode_escape", b"zlib", b"base64", b"undefined", b"x" * 500, b"utf-32")
    )
    return "codifica.html", b'<!doctype html><meta charset="' + declared + b'"><p>perch\xe9 +AGE- \\x41</p>'


def nothing(random: Random) -> tuple[str, bytes]:
    content = (
        b"",
        b"\x00",
        b"\x00" * 5000,
        b" \n" * 500,
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"PK\x03\x04",
        b"%PDF-",
        b"{\\rtf",
    )
    return random.choice(("vuoto.md", "vuoto.pdf", "vuoto.docx", "vuoto.zip", "vuoto.csv")), random.choice(
        content
    )


def rtf_of_groups(random: Random) -> tuple[str, bytes]:
    depth = random.choice((500, 200_000))
    return "gruppi.rtf", rb"{\rtf1 " + b"{" * depth + rb"a\bin99999999 " + b"}" * (
        depth if random.random() < 0.5 else 0
    )


def mail_in_mail(random: Random) -> tuple[str, bytes]:
    depth, parts = random.choice((50, 2000)), []
    for number in range(depth):
        parts.append(f'Content-Type: multipart/mixed; boundary="b{number}"\n\n--b{number}\n')
    return "bambole.eml", (
        "From: a@example.org\nSubject: a\nMIME-Version: 1.0\n" + "".join(parts) + "\ntesto\n"
    ).encode()


def long_headers(random: Random) -> tuple[str, bytes]:
    line = "Subject: " + "=?utf-8?q?=C3=A8?= " * random.choice((100, 20_000))
    return "testate.eml", f"From: a@example.org\n{line}\n{'X-A: b' + chr(10)}\n\ntesto".encode()


def quotes_without_end(random: Random) -> tuple[str, bytes]:
    return "virgolette.csv", ('a;b\n"' + 'x";"' * random.choice((100, 100_000))).encode()


ATTACKS: tuple[Attack, ...] = (
    wide_table,
    spanning_cells,
    front_matter_bomb,
    odd_front_matter,
    deep_json,
    rst_that_reads_files,
    odd_json,
    odd_characters,
    odd_encoding,
    nothing,
    rtf_of_groups,
    mail_in_mail,
    long_headers,
    quotes_without_end,
    _nested("<div>", "</div>", "fondo.html"),
    _nested("<ul><li>", "</li></ul>", "elenchi.html"),
    _nested("<table><tr><td>", "", "tabelle.html", most=20_000),
    _nested("> ", "", "citazioni.md"),
    _nested("- ", "", "elenchi.md"),
    _nested("[", "](a)", "legami.md"),
    _nested("*a **b ", "", "enfasi.md"),
    _nested("![", "]", "immagini.md"),
    _nested("<!--", "", "commenti.html"),
    _nested("* ", "", "elenchi.rst"),
    _nested(".. note::\n\n   ", "", "note.rst", most=5000),
    _nested("`", "_", "ruoli.rst"),
    _nested("<b><i>", "", "grassetti.html"),
    _nested("<svg><math>", "", "estranei.html", most=20_000),
    _long("a", "parola.txt"),
    _long("à", "parola.md"),
    _long("a\n", "righe.md"),
    _long("a.", "punti.txt"),
    _long(" \n", "bianchi.md"),
    _long("\t", "tabulazioni.txt"),
    _long("&", "entita.html"),
    _long("<", "aperte.html"),
    _long("`", "apici.md"),
    _long("_*", "segni.md"),
    _long("=\n", "linee.rst"),
    _long("|", "barre.md"),
    _long("a,", "colonne.csv"),
    _long("--", "trattini.txt"),
    _long("[a]: b\n", "riferimenti.md"),
    _long("https://", "indirizzi.txt"),
    _long("1. a\n", "numeri.md"),
    _long("😀‍", "faccine.txt"),
)
