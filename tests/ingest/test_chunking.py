"""Cutting documents: nothing lost, everything fits, and what belongs together stays together."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.embeddings import Encoder
from core.text import words
from core.types import SECTION_JOINER
from ingest.chunking import Chunker
from ingest.loaders.blocks import code, heading, list_block, list_item, paragraph, table_block
from ingest.types import Block, BlockKind, MediaType, Piece
from tests.support.documents import read

VOCABULARY = """
batteria rimborso e-bike spedizione Garmin caricabatterie il per with your refund E-04 città 12,50
""".split()


@pytest.fixture(scope="module")
def small(encoder: Encoder) -> Chunker:
    """A chunker with little room, so that small documents are cut too."""
    return Chunker(encoder.count_tokens, window=64, target=40)


@pytest.fixture(scope="module")
def usual(encoder: Encoder) -> Chunker:
    return Chunker(encoder.count_tokens, window=encoder.window, target=120)


def _sentence(*, least: int = 1, most: int = 14) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(VOCABULARY), min_size=least, max_size=most).map(" ".join)


@st.composite
def _lists(draw: st.DrawFn) -> Block:
    items = draw(st.lists(st.tuples(_sentence(), st.integers(0, 2), st.booleans()), min_size=1, max_size=12))
    return list_block(
        list_item(text, depth=depth, number=place if numbered else None)
        for place, (text, depth, numbered) in enumerate(items, start=1)
    )


@st.composite
def _tables(draw: st.DrawFn) -> Block:
    width = draw(st.integers(2, 4))
    rows = draw(st.lists(st.lists(_sentence(most=4), min_size=width, max_size=width), min_size=2, max_size=9))
    block = table_block(rows)
    assert block is not None
    return block


PARAGRAPHS = st.tuples(st.lists(_sentence(), min_size=1, max_size=8), st.sampled_from(".:")).map(
    lambda drawn: paragraph(". ".join(drawn[0]) + drawn[1])
)
CODE = st.lists(_sentence(), min_size=1, max_size=8).map(lambda lines: code("\n".join(lines), "sh"))
HEADINGS = st.tuples(_sentence(most=8), st.integers(1, 4)).map(lambda drawn: heading(*drawn))
BLOCKS = st.lists(st.one_of(PARAGRAPHS, _lists(), _tables(), CODE, HEADINGS), min_size=1, max_size=10)


def _is_in_order(wanted: list[str], given_words: list[str]) -> bool:
    rest = iter(given_words)
    return all(word in rest for word in wanted)


def _check_rows(table: str, lines: list[str]) -> None:
    """Every cell stands in a row that begins with the first cell of its own row."""
    for row in table.split("\n")[2:]:
        first, *rest = (cell.strip() for cell in row.strip("|").split("|"))
        alike = [line for line in lines if line.startswith(f"| {first} |")]
        assert alike
        for cell in rest:
            assert _is_in_order(words(cell), [word for line in alike for word in words(line)])


def _check_promises(chunker: Chunker, encoder: Encoder, window: int, blocks: list[Block], title: str) -> None:
    pieces = chunker.cut(blocks, title)
    cut = [word for piece in pieces for word in words(piece.text)]
    prose = [block for block in blocks if block.kind not in (BlockKind.HEADING, BlockKind.TABLE)]
    assert _is_in_order([word for block in prose for word in words(block.text)], cut)
    for table in (block.text for block in blocks if block.kind is BlockKind.TABLE):
        assert set(words(table)) <= set(cut)
        if window > 100:  # in a smaller one not even two cells have room beside each other
            _check_rows(table, [line for piece in pieces for line in piece.text.split("\n")])
    headings = [block.text for block in blocks if block.kind is BlockKind.HEADING]
    known = {heading for piece in pieces for heading in piece.section.split(SECTION_JOINER)}
    shown = {piece.text for piece in pieces} | {part for piece in pieces for part in piece.text.split("\n\n")}
    for text_of in headings:
        assert text_of.casefold() == title.casefold() or text_of in known | shown or len(words(text_of)) > 5
    assert set(cut) <= {word for block in blocks for word in words(block.text)}
    encoded = [f"{chunker.header_for(title, piece.section)}\n{piece.text}" for piece in pieces]
    assert max(encoder.count_tokens(encoded), default=0) + 2 <= window
    assert all(piece.text.strip() for piece in pieces)


@given(BLOCKS, _sentence(most=40))
@settings(max_examples=60)
def test_no_word_is_lost_and_every_chunk_fits_the_window(
    encoder: Encoder, small: Chunker, blocks: list[Block], title: str
) -> None:
    _check_promises(small, encoder, 64, blocks, title)


@given(BLOCKS, _sentence(most=40))
@settings(max_examples=30)
def test_the_same_holds_for_the_measures_in_use(
    encoder: Encoder, usual: Chunker, blocks: list[Block], title: str
) -> None:
    _check_promises(usual, encoder, encoder.window, blocks, title)


@pytest.mark.parametrize(
    "monster",
    ["x" * 5000, "自行车退货" * 300, "KX-" * 900, "9" * 800, "https://shop.example/" + "a/b-c?d=e&" * 120],
    ids=["letters", "characters", "code", "digits", "address"],
)
def test_even_a_word_without_end_is_kept_and_fits(encoder: Encoder, usual: Chunker, monster: str) -> None:
    blocks = [
        heading(monster[:700], 1),
        paragraph(f"Prima {monster} dopo."),
        list_block([f"- {monster}", "- due"]),
    ]
    pieces = usual.cut(blocks, monster[:500])
    kept = "".join("".join(piece.text.split()) for piece in pieces)
    assert kept == "".join(f"Prima{monster}dopo.-{monster}-due".split())
    encoded = [f"{usual.header_for(monster[:500], piece.section)}\n{piece.text}" for piece in pieces]
    assert max(encoder.count_tokens(encoded)) + 2 <= encoder.window


def _markdown(chunker: Chunker, text: str, title: str = "Resi") -> list[Piece]:
    return chunker.cut(read(text, MediaType.MARKDOWN).blocks, title)


def test_a_piece_stands_below_its_path_of_headings(usual: Chunker) -> None:
    text = (
        "# Resi\n\nIntro.\n\n## Come\n\n### Passi\n\nUno.\n\n## Quando\n\nDue.\n\n"
        "# Altro\n\nTre.\n\n### Profondo\n\nQuattro."
    )
    assert [(piece.section, piece.text) for piece in _markdown(usual, text)] == [
        ("", "Intro."),
        ("Come › Passi", "Uno."),
        ("Quando", "Due."),
        ("Altro", "Tre."),
        ("Altro › Profondo", "Quattro."),
    ]


def test_a_heading_with_nothing_below_it_is_text(usual: Chunker) -> None:
    text = "# Resi\n\n## Vuoto\n\n## Pieno\n\nUno.\n\n## Ultimo"
    assert [(piece.section, piece.text) for piece in _markdown(usual, text)] == [
        ("", "Vuoto"), ("Pieno", "Uno."), ("", "Ultimo"),
    ]  # fmt: skip


def test_title_and_headings_are_encoded_in_front(usual: Chunker) -> None:
    assert usual.header_for("Resi", "Come › Passi") == "Resi › Come › Passi"
    assert usual.header_for("Resi", "") == "Resi"


def test_a_long_header_keeps_what_is_nearest_to_the_text(encoder: Encoder, usual: Chunker) -> None:
    header = usual.header_for("parola " * 200, "Vicino")
    assert header.endswith("› Vicino")
    assert encoder.count_tokens([header])[0] <= encoder.window // 2


def test_sections_are_not_mixed_and_short_paragraphs_are_joined(usual: Chunker) -> None:
    pieces = _markdown(usual, "# Resi\n\nUno.\n\nDue.\n\nTre.\n\n## Come\n\nQuattro.")
    assert [piece.text for piece in pieces] == ["Uno.\n\nDue.\n\nTre.", "Quattro."]


LIST = "\n".join(f"- voce numero {n} della lista" for n in range(5))
TABLE = "| Paese | Costo |\n| --- | --- |\n" + "\n".join(f"| paese {n} | {n} euro |" for n in range(4))
SNIPPET = "```sh\n" + "\n".join(f"comando --numero {n}" for n in range(8)) + "\n```"


@pytest.mark.parametrize("whole", [LIST, TABLE, SNIPPET], ids=["list", "table", "code"])
def test_what_fits_stays_whole_and_with_its_introduction(usual: Chunker, whole: str) -> None:
    filling = "Una frase che riempie il pezzo. " * 13
    pieces = _markdown(usual, f"{filling}\n\nServe:\n\n{whole}")
    assert [piece.text for piece in pieces] == [filling.strip(), f"Serve:\n{whole}"]


def test_a_long_list_is_cut_between_items_only(small: Chunker) -> None:
    items = [f"- voce {n} della lista con alcune parole\n  e una seconda riga" for n in range(12)]
    pieces = _markdown(small, "Serve:\n\n" + "\n".join(items).replace("\n  e", "\\\n  e"))
    assert len(pieces) > 2
    assert pieces[0].text.startswith("Serve:\n- voce 0")
    assert all(piece.text.startswith(("Serve:", "- voce")) for piece in pieces)
    assert "\n".join(piece.text for piece in pieces) == "Serve:\n" + "\n".join(items)


def test_a_long_table_repeats_its_header(usual: Chunker) -> None:
    rows = [f"| paese numero {n} | {n} euro e {n} centesimi |" for n in range(40)]
    head = "| Paese | Costo |\n| --- | --- |"
    pieces = _markdown(usual, "\n".join(["I costi:", "", head, *rows]))
    assert len(pieces) > 2
    assert pieces[0].text.startswith(f"I costi:\n{head}\n")
    assert all(piece.text.startswith(head + "\n|") for piece in pieces[1:])
    kept = [line for piece in pieces for line in piece.text.split("\n") if "paese numero" in line]
    assert kept == rows


def test_long_code_is_cut_between_lines(small: Chunker) -> None:
    lines = [f"percorso comando --con {n} --altre opzioni" for n in range(20)]
    pieces = _markdown(small, "```sh\n" + "\n".join(lines) + "\n```")
    assert [line for piece in pieces for line in piece.text.split("\n") if "percorso" in line] == lines


def test_a_long_paragraph_is_cut_between_sentences(small: Chunker) -> None:
    sentences = [f"La frase numero {n} dice qualcosa di utile al cliente." for n in range(12)]
    pieces = _markdown(small, " ".join(sentences))
    assert len(pieces) > 2
    assert all(piece.text.startswith("La frase") and piece.text.endswith("cliente.") for piece in pieces)
    assert " ".join(piece.text for piece in pieces) == " ".join(sentences)


def test_a_piece_knows_the_page_that_it_begins_on(usual: Chunker) -> None:
    blocks = [
        heading("Uno", 1, 3),
        paragraph("Testo.", 3),
        paragraph("Ancora.", 4),
        heading("Due", 1, 5),
        paragraph("Fine.", 5),
    ]
    assert [(piece.text, piece.page) for piece in usual.cut(blocks, "T")] == [
        ("Testo.\n\nAncora.", 3), ("Fine.", 5),
    ]  # fmt: skip


def test_a_document_of_nothing_but_its_title_has_no_pieces(usual: Chunker) -> None:
    assert usual.cut([heading("Resi", 1)], "Resi") == []
    assert usual.cut([], "Resi") == []


def test_a_table_that_fits_the_window_is_not_cut_at_the_size_that_chunks_aim_at(
    usual: Chunker, encoder: Encoder
) -> None:
    rows = [["Modello", "Prezzo"], *([f"Modello {n}", f"{n}.000 euro"] for n in range(14))]
    table = table_block(rows)
    assert table is not None
    assert 120 < encoder.count_tokens([table.text])[0] < 240
    pieces = usual.cut([table, paragraph("Seguono altre parole.")], "Listino")
    assert pieces[0].text.startswith(table.text)
    prose = " ".join(f"La frase numero {n} parla del listino." for n in range(40))
    assert len(usual.cut([paragraph(prose)], "Listino")) > 1


def test_a_table_of_a_thousand_rows_repeats_its_header_in_every_part(
    usual: Chunker, encoder: Encoder
) -> None:
    rows = [["Codice", "Ricambio", "Prezzo"]]
    rows += [[f"KX-{n:04d}", f"ricambio numero {n}", f"{n},50 €"] for n in range(1_000)]
    table = table_block(rows)
    assert table is not None
    pieces = usual.cut([heading("Listino", 1), table], "Ricambi")
    assert all(piece.text.startswith("| Codice | Ricambio | Prezzo |\n| --- |") for piece in pieces)
    assert [line for piece in pieces for line in piece.text.split("\n")[2:]] == table.text.split("\n")[2:]
    encoded = [f"{usual.header_for('Ricambi', piece.section)}\n{piece.text}" for piece in pieces]
    assert max(encoder.count_tokens(encoded)) + 2 <= encoder.window


def test_a_wide_row_is_cut_between_columns_and_each_part_keeps_its_first_cell(usual: Chunker) -> None:
    names = ["Modello", *(f"Caratteristica numero {n}" for n in range(60))]
    table = table_block(
        [names, *([f"Brenta {r}", *(f"valore {r}.{n} del banco" for n in range(60))] for r in (1, 2))]
    )
    assert table is not None
    pieces = usual.cut([table], "Scheda")
    for piece in pieces:
        header, _, row = piece.text.split("\n")
        assert header.startswith("| Modello | Caratteristica numero")
        assert row.startswith(("| Brenta 1 |", "| Brenta 2 |"))
        assert header.count("|") == row.count("|")
    said = "\n".join(piece.text for piece in pieces)
    assert all(f"valore {r}.{n} del banco" in said for r in (1, 2) for n in range(60))


def test_chunks_that_were_cut_for_another_encoder_are_measured_at_once(encoder: Encoder) -> None:
    counted: list[int] = []

    def count(texts: Sequence[str]) -> list[int]:
        counted.append(len(texts))
        return encoder.count_tokens(texts)

    chunker = Chunker(count, window=64, target=40)
    short = [("Resi", "Passi", f"Passo {number}.") for number in range(20)]
    assert chunker.refit(short) == [[f"Resi › Passi\nPasso {number}."] for number in range(20)]
    chunker.refit(short)
    assert counted == [20, 1, 20]  # the header is measured once
    [[whole], parts] = chunker.refit([short[0], ("Resi", "", "parola " * 100)])
    assert whole == "Resi › Passi\nPasso 0."
    assert all(part.startswith("Resi\nparola") for part in parts)
    assert sum(part.count("parola") for part in parts) == 100
    assert max(encoder.count_tokens(parts)) <= 62
