"""Markdown and MDX, read as blocks."""

from textwrap import dedent

import pytest

from ingest.types import MediaType
from tests.support.documents import outline, read


def _outline(text: str, media_type: MediaType = MediaType.MARKDOWN) -> list[tuple[str, str]]:
    return outline(read(dedent(text), media_type).blocks)


def test_headings_paragraphs_and_inline_marks_become_plain_text() -> None:
    assert _outline("""
        # Resi *e* `rimborsi`

        Testo **forte** e [un link](http://x.example) ![img](y.png)
        su due righe,<br>poi a capo  
        e &amp; ancora \\*qui\\* <https://auto.example> <b>html</b>.

        Sotto
        -----
        """) == [
        ("h1", "Resi e rimborsi"),
        ("paragraph", "Testo forte e un link su due righe,\npoi a capo\n"
                      "e & ancora *qui* https://auto.example html."),
        ("h2", "Sotto"),
    ]  # fmt: skip


def test_nested_lists_keep_their_marks_numbers_and_depth() -> None:
    assert _outline("""
        3. tre
        1. quattro

           un secondo paragrafo
           - sotto
             1. più sotto
           - ancora
        4. cinque
           ```
           codice
           ```
        """) == [
        ("list", "3. tre\n4. quattro\n  un secondo paragrafo\n  - sotto\n    1. più sotto\n  - ancora\n"
                 "5. cinque\n  ```\n  codice\n  ```"),
    ]  # fmt: skip


def test_tables_keep_their_header_and_every_cell() -> None:
    assert _outline("""
        | Paese | Costo |
        |-------|:-----:|
        | **Italia** | [gratis](x) |
        | Malta | 9 \\| 12 € |
        | | |
        """) == [("table", "| Paese | Costo |\n| --- | --- |\n| Italia | gratis |\n| Malta | 9 / 12 € |")]


def test_code_keeps_its_lines_and_its_language() -> None:
    assert _outline("""
        ```python title="x.py"
        def f():
            return 1
        ```

            a <b>
        """) == [("code", "```python\ndef f():\n    return 1\n```"), ("code", "```\na <b>\n```")]


def test_html_blocks_are_read_as_html() -> None:
    assert _outline("""
        <details>
        <summary>Quanto costa?</summary>

        Risposta **qui**.

        </details>

        <table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>

        <div class="cookie-banner">via</div>
        """) == [
        ("paragraph", "Quanto costa?"),
        ("paragraph", "Risposta qui."),
        ("table", "| a | b |\n| --- | --- |\n| 1 | 2 |"),
    ]  # fmt: skip


def test_quotations_are_text_and_rules_are_nothing() -> None:
    assert _outline("> citazione\n>\n> - voce\n\n---\n\nfine") == [
        ("paragraph", "citazione"), ("list", "- voce"), ("paragraph", "fine"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("**Come fare**", "h5"),
        ("**Come si fa?**", "h5"),
        ("**Una frase intera.**", "paragraph"),
        ("**Nota:**", "paragraph"),
        ("**Nota** e altro", "paragraph"),
        ("**" + "parola " * 20 + "fine**", "paragraph"),
    ],
)
def test_a_short_bold_line_is_a_heading(line: str, kind: str) -> None:
    assert _outline(f"{line}\n\ntesto")[0][0] == kind


def test_front_matter_is_metadata_and_its_prose_is_text() -> None:
    loaded = read(
        dedent("""\
        ---
        title: Nel front matter c'è un titolo
        description: troppo breve
        intro: |-
          Questa è prosa vera, che sta nel front matter.

          - una voce
        features:
          - heading: Veloce
            text: Si carica in meno di due ore a casa.
        ---
        # Titolo

        Testo.
        """),
        MediaType.MARKDOWN,
    )
    assert loaded.title == "Titolo"
    assert loaded.metadata["title"] == "Nel front matter c'è un titolo"
    assert outline(loaded.blocks) == [
        ("paragraph", "Questa è prosa vera, che sta nel front matter."),
        ("list", "- una voce"),
        ("h2", "Veloce"),
        ("paragraph", "Si carica in meno di due ore a casa."),
        ("h1", "Titolo"),
        ("paragraph", "Testo."),
    ]


def test_mdx_leaves_the_text_of_its_components() -> None:
    text = """
        import { Card } from '../card'
        export const year = 2026

        # Attivare

        <Card title="Prima volta" icon={<Icon size={2} />}>
            Apri l'app e premi `{avvia}`.
        </Card>
        """
    expected = [("h1", "Attivare"), ("h5", "Prima volta"), ("paragraph", "Apri l'app e premi {avvia}.")]
    assert _outline(text, MediaType.MDX) == expected
    assert _outline(text, MediaType.MARKDOWN) == expected


def test_a_document_without_headings_has_no_title_of_its_own() -> None:
    assert read("Solo testo.", MediaType.MARKDOWN).title is None
    assert read("Uno\n\nDue\n\nTre\n\n# Tardi", MediaType.MARKDOWN).title is None


def test_control_characters_do_not_reach_the_text() -> None:
    front_matter = '---\nintro: "Prosa\\u202e con\\u0007 segni dentro, abbastanza lunga."\n---\n'
    loaded = read(front_matter + "bat\u00adteria &#x200b;x\x00", MediaType.MARKDOWN)
    assert outline(loaded.blocks) == [
        ("paragraph", "Prosa con segni dentro, abbastanza lunga."), ("paragraph", "batteria x"),
    ]  # fmt: skip
