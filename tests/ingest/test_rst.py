"""reStructuredText, with what only Sphinx knows."""

from pathlib import Path
from textwrap import dedent

import pytest

from ingest.types import MediaType
from tests.support.documents import outline, read


def _outline(text: str) -> list[tuple[str, str]]:
    return outline(read(dedent(text), MediaType.RST).blocks)


def test_sections_give_levels_and_the_first_one_the_title() -> None:
    text = """
        Resi
        ====

        Testo *uno*, ``due`` e `tre <http://x.example>`_.

        Come
        ----

        Passi
        ~~~~~

        Fine.
        """
    assert _outline(text) == [
        ("h1", "Resi"), ("paragraph", "Testo uno, due e tre."), ("h2", "Come"), ("h3", "Passi"),
        ("paragraph", "Fine."),
    ]  # fmt: skip
    assert read(dedent(text), MediaType.RST).title == "Resi"


def test_nested_lists_keep_marks_and_depth() -> None:
    assert _outline("""
        3. tre

           ancora
        4. quattro

           - sotto

             #. più sotto
           - fine
        """) == [("list", "3. tre\n  ancora\n4. quattro\n  - sotto\n    1. più sotto\n  - fine")]


def test_a_table_keeps_its_title_its_header_and_the_words_of_a_cell_apart() -> None:
    assert _outline("""
        .. table:: Prezzi

           +--------+---------+
           | Paese  | Costo   |
           +========+=========+
           | Italia | - nove  |
           |        | - dieci |
           +--------+---------+

        .. list-table:: Tempi
           :header-rows: 1

           * - Paese
             - Giorni
           * - Malta
             - 5
        """) == [
        ("paragraph", "Prezzi"),
        ("table", "| Paese | Costo |\n| --- | --- |\n| Italia | nove dieci |"),
        ("paragraph", "Tempi"),
        ("table", "| Paese | Giorni |\n| --- | --- |\n| Malta | 5 |"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (":guilabel:`OK`", "OK"),
        (":ref:`le condizioni <conditions>`", "le condizioni"),
        (":kbd:`Ctrl+C`", "Ctrl+C"),
        (":mystery:`parola`", "parola"),
        (":py:class:`Bike`", "Bike"),
        (":doc:`/faq/resi`", "/faq/resi"),
    ],
)
def test_roles_are_read_as_their_text(source: str, text: str) -> None:
    assert _outline(f"Premi {source} qui.") == [("paragraph", f"Premi {text} qui.")]


def test_admonitions_are_text_and_do_not_change_the_section() -> None:
    assert _outline("""
        .. note:: Breve.

        .. admonition:: Attenzione

           Dentro.

        Dopo.
        """) == [
        ("paragraph", "Breve."),
        ("paragraph", "Attenzione"),
        ("paragraph", "Dentro."),
        ("paragraph", "Dopo."),
    ]


def test_a_directive_that_nobody_knows_is_text() -> None:
    assert _outline("""
        .. mystery:: Un argomento
           :option: 1
           :flag:

           Il *testo* dentro.

           - una voce

           .. deeper::

              Più dentro.

        Dopo.
        """) == [
        ("paragraph", "Un argomento"),
        ("paragraph", "Il testo dentro."),
        ("list", "- una voce"),
        ("paragraph", "Più dentro."),
        ("paragraph", "Dopo."),
    ]  # fmt: skip


def test_a_sphinx_directive_loses_its_options_only() -> None:
    assert _outline("""
        .. tab:: Android
           :selected:

           Dentro.
        """) == [("paragraph", "Android"), ("paragraph", "Dentro.")]


@pytest.mark.parametrize("options", ["", "   :linenos:\n", "   :caption: Prova\n   :emphasize-lines: 1\n"])
def test_code_is_kept_whatever_options_it_has(options: str) -> None:
    text = f"Prima.\n\n.. code-block:: python\n{options}\n   def f():\n       return 1\n\n::\n\n   crudo\n"
    assert [kind for kind, _ in _outline(text)] == ["paragraph", "code", "code"]
    assert "def f():\n    return 1" in _outline(text)[1][1]
    assert "crudo" in _outline(text)[2][1]


def test_inside_a_list_an_unknown_directive_says_nothing_but_its_text() -> None:
    assert _outline("- uno\n- .. mystery::\n\n     dentro\n- tre\n") == [("list", "- uno\n- dentro\n- tre")]


def test_a_malformed_table_is_kept_as_it_stands() -> None:
    assert _outline("+---+\n| a\n+---+\n\nDopo.") == [
        ("code", "```\n+---+\n| a\n+---+\n```"), ("paragraph", "Dopo."),
    ]  # fmt: skip


def test_definitions_fields_options_and_lines_keep_their_words() -> None:
    assert _outline("""
        Testo.

        Reso : nome
           Il ritorno.

           Di un prodotto.

        :Autore: Ada

        -o FILE  scrive qui

        | via Roma 1
        | Torino

        .. math:: a + b

        .. figure:: foto.png

           La didascalia.
        """) == [
        ("paragraph", "Testo."),
        ("paragraph", "Reso nome: Il ritorno. Di un prodotto."),
        ("paragraph", "Autore: Ada"),
        ("paragraph", "-o FILE scrive qui"),
        ("paragraph", "via Roma 1"),
        ("paragraph", "Torino"),
        ("paragraph", "a + b"),
        ("paragraph", "La didascalia."),
    ]  # fmt: skip


def test_what_is_not_for_readers_is_left_out() -> None:
    assert _outline("""
        .. comment

        .. toctree::
           :maxdepth: 2

           a
           b

        .. image:: a.png
           :alt: foto

        .. _label:
        .. |sub| replace:: sostituto

        Qui |sub| [1]_.

        .. [1] Una nota.
        """) == [("paragraph", "Qui sostituto 1."), ("paragraph", "Una nota.")]


@pytest.mark.parametrize(
    "directive",
    [
        ".. include:: {}",
        ".. literalinclude:: {}",
        ".. raw:: html\n   :file: {}",
        ".. csv-table:: T\n   :file: {}",
    ],
)
def test_no_other_file_is_read(directive: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("segreto, segreto")
    blocks = _outline(f"{directive.format(secret)}\n\nTesto.")
    assert blocks[-1] == ("paragraph", "Testo.")
    assert "segreto" not in str(blocks)
