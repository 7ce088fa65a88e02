"""HTML pages: the content without what surrounds it."""

import pytest

from ingest.types import MediaType
from tests.support.documents import outline, read

PAGE = """
<!doctype html><html lang="it-IT"><head><title> Resi |
  Borgovelo </title><style>p { color: red }</style></head>
<body class="no-sidebar">
  <header><a href="/">Logo</a></header>
  <nav><ul><li>Home</li></ul></nav>
  <div id="cookie-banner">Usiamo i cookie</div>
  <div class="breadcrumb">Home &gt; Resi</div>
  <main>
    <article>
      <header><h1>Resi</h1></header>
      <p>Il reso è <b>gratuito</b>, <a href="/x">entro 30 giorni</a>:<br>sempre.</p>
      <p hidden>Nascosto</p><p style="display: none">Nascosto</p><div role="search">Cerca</div>
      <h2>Come fare</h2>
      <ol><li>Apri l'app<ul><li>su iOS</li><li>su Android</li></ul></li><li><p>Premi <b>Reso</b></p></li></ol>
      <form><input name="q"><button>Invia</button></form>
    </article>
  </main>
  <aside>Vedi anche</aside><script>alert(1)</script><noscript>Attiva</noscript>
  <footer>© Borgovelo</footer>
</body></html>
"""


def _outline(page: str | bytes) -> list[tuple[str, str]]:
    return outline(read(page, MediaType.HTML).blocks)


def test_only_the_content_of_a_page_is_read() -> None:
    loaded = read(PAGE, MediaType.HTML)
    assert outline(loaded.blocks) == [
        ("h1", "Resi"),
        ("paragraph", "Il reso è gratuito, entro 30 giorni:\nsempre."),
        ("h2", "Come fare"),
        ("list", "1. Apri l'app\n  - su iOS\n  - su Android\n2. Premi Reso"),
    ]
    assert loaded.title == "Resi"
    assert loaded.metadata == {"language": "it-IT"}


def test_a_page_without_headings_is_called_by_its_title() -> None:
    assert read("<title>Orari</title><p>Dalle 9 alle 18.</p>", MediaType.HTML).title == "Orari"


def test_a_small_main_is_not_taken_for_the_content() -> None:
    page = f"<main>Menu</main><div>{'Testo della pagina. ' * 20}</div>"
    assert len(_outline(page)) == 2


@pytest.mark.parametrize("root", ["main", "article", 'div role="main"'])
def test_a_main_part_that_holds_the_text_is_all_of_it(root: str) -> None:
    page = f"<div>Intorno</div><{root}>{'Testo della pagina. ' * 20}</{root.split()[0]}>"
    assert [text[:5] for _, text in _outline(page)] == ["Testo"]


@pytest.mark.parametrize(
    "clutter",
    [
        '<div class="share-buttons">x</div>', '<div class="site-footer">x</div>',
        '<ul class="pagination">x</ul>', '<div id="newsletter">x</div>', '<div role="navigation">x</div>',
        '<div class="related posts">x</div>', "<svg><text>x</text></svg>", "<template>x</template>",
        "<dialog>x</dialog>", "<!-- x -->",
    ],
    ids=range(10),
)  # fmt: skip
def test_what_surrounds_the_content_is_left_out(clutter: str) -> None:
    assert _outline(f"<p>Prima</p>{clutter}<p>Dopo</p>") == [("paragraph", "Prima"), ("paragraph", "Dopo")]


@pytest.mark.parametrize(
    "content",
    [
        '<div class="shared-costs"><p>x</p></div>',
        '<section id="related-costs"><p>x</p></section>',
        '<body class="sidebar"><p>x</p></body>',
        '<form id="aspnet"><h1>T</h1><p>x</p></form>',
        '<h2 id="menu">x</h2>',
    ],
)
def test_content_is_not_lost_for_its_name(content: str) -> None:
    assert "x" in [text for _, text in _outline(content)]


def test_loose_text_between_blocks_is_kept_in_its_place() -> None:
    assert _outline("<div>uno <b>due</b><p>tre</p>quattro<div>cinque</div></div>") == [
        ("paragraph", "uno due"), ("paragraph", "tre"), ("paragraph", "quattro"), ("paragraph", "cinque"),
    ]  # fmt: skip


def test_definitions_stay_with_their_terms() -> None:
    assert _outline("<dl><dt>Reso</dt><dd>30 giorni</dd><dd><p>gratis</p><p>sempre</p></dd></dl>") == [
        ("paragraph", "Reso: 30 giorni"), ("paragraph", "Reso: gratis sempre"),
    ]  # fmt: skip


def test_tables_keep_caption_header_and_the_words_of_every_cell_apart() -> None:
    assert _outline("""
        <table><caption>Prezzi</caption>
        <thead><tr><th>Paese</th><th>Costo</th></tr></thead>
        <tbody><tr><td><p>Italia</p><p>e Malta</p></td><td><ul><li>9</li><li>12</li></ul></td></tr></tbody>
        </table>""") == [
        ("paragraph", "Prezzi"), ("table", "| Paese | Costo |\n| --- | --- |\n| Italia e Malta | 9 12 |"),
    ]  # fmt: skip


def test_a_table_inside_a_cell_is_read_once() -> None:
    inner = "<table><tr><td>a</td><td>b</td></tr></table>"
    assert _outline(f"<table><tr><td>x</td><td>{inner}</td></tr><tr><td>y</td><td>z</td></tr></table>") == [
        ("table", "| x | a b |\n| --- | --- |\n| y | z |")
    ]


def test_a_table_for_layout_is_text() -> None:
    assert _outline("<table><tr><td>uno</td><td>due</td></tr></table>") == [("paragraph", "uno due")]


def test_lists_that_stand_wrongly_in_lists_lose_nothing() -> None:
    page = "<ul><li>a</li><ul><li>b</li></ul><li>c<div><ol><li>d<ul><li>e</li></ul></li></ol></div></li></ul>"
    assert _outline(page) == [("list", "- a\n  - b\n- c\n  1. d\n    - e")]


def test_code_keeps_its_lines() -> None:
    assert _outline("<pre><code>a = 1\n  b = 2\n</code></pre>") == [("code", "```\na = 1\n  b = 2\n```")]


TEXT = "Perché è già così: “città” più 10 €"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("declared", ["", '<meta charset="{}">', '<?xml version="1.0" encoding="{}"?>'])
def test_a_page_is_read_in_its_encoding_whether_it_says_so_or_not(encoding: str, declared: str) -> None:
    names = {"utf-8-sig": "utf-8", "cp1252": "iso-8859-1"}
    mark = declared.format(names.get(encoding, encoding))
    page = f"{mark}<html><body><p>{TEXT}</p></body></html>"
    assert _outline(page.encode(encoding)) == [("paragraph", TEXT)]


@pytest.mark.parametrize(
    ("encoding", "text"), [("iso-8859-2", "Zażółć gęślą jaźń"), ("koi8-r", "Привет"), ("shift_jis", "返品")]
)
def test_a_declared_encoding_is_believed(encoding: str, text: str) -> None:
    assert _outline(f'<meta charset="{encoding}"><p>{text}</p>'.encode(encoding)) == [("paragraph", text)]


def test_a_page_that_declares_another_encoding_than_utf_8_by_mistake_is_read_all_the_same() -> None:
    assert _outline(f'<meta charset="iso-8859-1"><p>{TEXT}</p>'.encode()) == [("paragraph", TEXT)]


def test_an_unknown_declaration_is_passed_over() -> None:
    assert _outline(f'<meta charset="klingon"><p>{TEXT}</p>'.encode("cp1252")) == [("paragraph", TEXT)]


def test_invisible_characters_and_comments_are_not_text() -> None:
    assert _outline("<p>bat&shy;teria&#8203; &#x202e;ok<!-- no --><![CDATA[x]]></p>") == [
        ("paragraph", "batteria ok")
    ]
