"""Presentations, OpenDocument texts, RTF, books and e-mails."""

import io
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odf import opendocument, style, text
from pptx import Presentation
from pptx.util import Inches, Pt

from core.errors import DocumentRefused, Refusal
from ingest.loaders.mail import attachments
from ingest.types import MediaType, WarningKind
from tests.support.documents import outline, read
from tests.support.hostile.texts import mail_in_mail
from tests.support.office import a_pptx, a_sheet, a_zip, an_eml, an_epub, an_odt, saved_odf, with_part

RTF = (
    rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset238 Times CE;}}"
    rb"{\colortbl;\red255\green255\blue255;\red0\green0\blue0;}"
    rb"{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 heading 1;}{\*\cs2 Default;}}"
    rb"{\info{\title Titolo}{\author X}}"
    rb"\pard\s1 Resi e rimborsi\par\pard\plain Perch\'e9 \u232? gi\'e0 {\b gratuito}: "
    rb"{\f1 \'b3}, \u-10179?\u-8704?.\par "
    rb"\pard{\listtext\bullet\tab}\ilvl0 la ricevuta\par\pard{\listtext\bullet\tab}\ilvl1 digitale\par "
    rb"\trowd\pard\intbl Paese\cell Costo\cell\row\trowd\pard\intbl Italia\cell 0 \'80\cell\row "
    rb"\pard\plain Fine {\field{\*\fldinst HYPERLINK x}{\fldrslt qui}}"
    rb"{\v nascosto}{\cf1 bianco}{\fs2 piccolo}.\par}"
)


def _refused(content: bytes, media_type: MediaType) -> DocumentRefused:
    with pytest.raises(DocumentRefused) as caught:
        read(content, media_type)
    return caught.value


def test_a_presentation_has_a_heading_for_each_slide_its_lists_and_its_tables() -> None:
    loaded = read(a_pptx(), MediaType.PPTX)
    assert outline(loaded.blocks) == [
        ("h1", "Guida alla Brenta"),
        ("paragraph", "Per chi comincia"),
        ("h2", "Come si ricarica"),
        ("list", "- Apri lo sportello\n  - a sinistra\n- Inserisci la spina"),
        ("h2", "Prezzi"),
        ("table", "| Modello | Euro |\n| --- | --- |\n| Brenta | 1.990 |"),
    ]
    assert [block.page for block in loaded.blocks] == [1, 1, 2, 2, 3, 3]
    assert loaded.title == "Guida alla Brenta"


def test_notes_of_the_speaker_are_told_and_not_read() -> None:
    loaded = read(a_pptx(), MediaType.PPTX)
    assert [(w.kind, w.where) for w in loaded.warnings] == [(WarningKind.SPEAKER_NOTES, "slide 2")]
    assert "surriscaldava" in loaded.warnings[0].excerpt


def test_what_a_presentation_does_not_show_is_told_and_not_read() -> None:
    def write(deck: Any) -> None:
        deck.slides[2]._element.set("show", "0")
        beside = deck.slides[0].shapes.add_textbox(Inches(-9), Inches(1), Inches(4), Inches(1))
        beside.text_frame.text = "fuori dalla pagina"
        tiny = deck.slides[0].shapes.add_textbox(Inches(1), Inches(6), Inches(4), Inches(1)).text_frame
        run = tiny.paragraphs[0].add_run()
        run.text, run.font.size = "scritto piccolissimo", Pt(1)

    loaded = read(a_pptx(write), MediaType.PPTX)
    said = " ".join(block.text for block in loaded.blocks)
    assert not any(words in said for words in ("fuori", "piccolissimo", "1.990"))
    unseen = [w.excerpt for w in loaded.warnings if w.kind is WarningKind.HIDDEN_TEXT]
    assert unseen == [
        "fuori dalla pagina",
        "scritto piccolissimo",
        "Prezzi | Modello | Euro | | --- | --- | | Brenta | 1.990 |",
    ]


def test_a_word_that_is_also_written_too_small_to_be_read_is_kept_where_it_can_be_read() -> None:
    def write(deck: Any) -> None:
        line = deck.slides[0].placeholders[1].text_frame.paragraphs[0]
        line.runs[0].text = "Prezzo "
        for words, size in (("19", 18), ("19", 1)):
            run = line.add_run()
            run.text, run.font.size = words, Pt(size)

    loaded = read(a_pptx(write), MediaType.PPTX)
    assert "Prezzo 19" in [text for _, text in outline(loaded.blocks)]
    assert "19" in [warning.excerpt for warning in loaded.warnings]


def test_an_opendocument_text_keeps_headings_lists_and_tables() -> None:
    loaded = read(an_odt(), MediaType.ODT)
    assert outline(loaded.blocks) == [
        ("h1", "Resi"),
        ("paragraph", "Il reso è gratuito."),
        ("list", "- la ricevuta\n- il pacco\n  - chiuso bene"),
        ("h2", "Costi"),
        ("table", "| Paese | Costo |\n| --- | --- |\n| Italia | 0 € |"),
    ]


@pytest.mark.parametrize("hiding", [{"display": "none"}, {"color": "#ffffff"}, {"fontsize": "1pt"}])
def test_hidden_text_of_an_opendocument_text_is_told_and_not_read(hiding: dict[str, str]) -> None:
    document = opendocument.OpenDocumentText()
    unseen = style.Style(name="T1", family="text")
    unseen.addElement(style.TextProperties(**hiding))
    document.automaticstyles.addElement(unseen)
    line = text.P(text="Si vede")
    line.addElement(text.Span(stylename=unseen, text=" non si vede"))
    document.text.addElement(line)
    loaded = read(saved_odf(document), MediaType.ODT)
    assert outline(loaded.blocks) == [("paragraph", "Si vede")]
    assert [warning.excerpt for warning in loaded.warnings] == ["non si vede"]


def test_rich_text_keeps_headings_lists_tables_and_letters_of_every_code_page() -> None:
    loaded = read(RTF, MediaType.RTF)
    assert outline(loaded.blocks) == [
        ("h1", "Resi e rimborsi"),
        ("paragraph", "Perché è già gratuito: ł, 😀."),
        ("list", "- la ricevuta\n  - digitale"),
        ("table", "| Paese | Costo |\n| --- | --- |\n| Italia | 0 € |"),
        ("paragraph", "Fine qui."),
    ]
    assert [warning.excerpt for warning in loaded.warnings] == ["nascosto bianco piccolo"]


def test_rich_text_without_headings_is_called_by_its_properties() -> None:
    assert read(rb"{\rtf1{\info{\title Orari}}Dalle 9.\par}", MediaType.RTF).title == "Orari"


@pytest.mark.parametrize(
    "content", [b"{\\rtf1" + b"{" * 50_000 + b"x", b"{\\rtf1 \\bin99999999 x", b"{\\rtf1 \\u99999? x\\par}"]
)
def test_odd_rich_text_does_no_harm(content: bytes) -> None:
    try:
        assert read(content, MediaType.RTF).blocks
    except DocumentRefused as problem:
        assert problem.reason is Refusal.NO_TEXT  # noqa: PT017 - either end is right


def test_a_book_is_read_in_the_order_of_its_spine() -> None:
    loaded = read(
        an_epub(
            {
                "z.xhtml": "<h1>Uno</h1><p>Testo.</p><ul><li>voce</li></ul>",
                "a.xhtml": "<h1>Due</h1><table><tr><th>A</th><th>B</th></tr>"
                "<tr><td>1</td><td>2</td></tr></table>",
            }
        ),
        MediaType.EPUB,
    )
    assert outline(loaded.blocks) == [
        ("h1", "Uno"), ("paragraph", "Testo."), ("list", "- voce"),
        ("h1", "Due"), ("table", "| A | B |\n| --- | --- |\n| 1 | 2 |"),
    ]  # fmt: skip
    assert (loaded.title, loaded.metadata) == ("Manuale Adda", {"language": "it"})


def test_a_book_protected_against_copying_is_refused_as_such() -> None:
    chapters = {"a.xhtml": "<p>x</p>"}
    chapter = '<e><CipherReference URI="OEBPS/a.xhtml"/></e>'
    font = '<e><CipherReference URI="OEBPS/font.otf"/></e>'
    protected = an_epub(chapters, {"META-INF/encryption.xml": chapter})
    assert _refused(protected, MediaType.EPUB).reason is Refusal.ENCRYPTED
    assert read(an_epub(chapters, {"META-INF/encryption.xml": font}), MediaType.EPUB).blocks


def test_an_email_is_its_subject_and_what_was_written() -> None:
    loaded = read(
        an_eml("Buongiorno,\nposso rendere la bici?\n\n- oggi\n- domani\n\n-- \nAnna"), MediaType.EML
    )
    assert outline(loaded.blocks) == [
        ("h1", "Reso"),
        ("paragraph", "Buongiorno, posso rendere la bici?"),
        ("list", "- oggi\n- domani"),
    ]
    assert loaded.title == "Reso"
    assert loaded.metadata["audience"] == "internal"
    assert loaded.metadata["from"] == "Anna <anna@example.com>"


@pytest.mark.parametrize(
    "history",
    [
        "Il giorno lun 3 mar 2026 alle 10:00 Bob ha scritto:\n> vecchio",
        "On Mon, 3 Mar 2026 Bob <b@example.com> wrote:\n> vecchio",
        "-----Original Message-----\nFrom: Bob\nvecchio",
        "Da: Bob\nInviato: lunedì\nvecchio",
        "> vecchio\n> vecchio",
    ],
)
def test_what_an_email_quotes_is_told_and_not_read(history: str) -> None:
    loaded = read(an_eml(f"Nuovo.\n\n{history}\n"), MediaType.EML)
    assert [text for _, text in outline(loaded.blocks)] == ["Reso", "Nuovo."]
    assert [warning.kind for warning in loaded.warnings] == [WarningKind.LEFT_OUT]


def test_emails_in_emails_without_end_are_refused_by_name() -> None:
    _, nested = mail_in_mail(Random(0))
    with pytest.raises(DocumentRefused, match="too deeply") as problem:
        list(attachments(nested))
    assert problem.value.reason is Refusal.BROKEN


def test_an_email_that_only_quotes_is_read() -> None:
    assert outline(read(an_eml("> Tutto citato qui."), MediaType.EML).blocks)[1:] == [
        ("paragraph", "> Tutto citato qui.")
    ]


def test_an_email_as_a_page_keeps_its_tables_and_loses_its_history() -> None:
    page = (
        "<p>Ecco i prezzi:</p><table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>"
        '<div class="gmail_quote">vecchio</div>'
    )
    loaded = read(an_eml("piano", page=page), MediaType.EML)
    assert outline(loaded.blocks)[1:] == [
        ("paragraph", "Ecco i prezzi:"), ("table", "| A | B |\n| --- | --- |\n| 1 | 2 |"),
    ]  # fmt: skip
    assert "vecchio" in loaded.warnings[0].excerpt


def test_attachments_of_an_email_are_given_out_with_their_names() -> None:
    content = an_eml("Vedi.", attached={"listino.xlsx": b"uno", "../x.pdf": b"due"})
    assert list(attachments(content)) == [("listino.xlsx", b"uno"), ("../x.pdf", b"due")]
    assert read(content, MediaType.EML).metadata["attachments"] == ["listino.xlsx", "../x.pdf"]


def test_an_encrypted_email_is_refused_as_such() -> None:
    content = b"From: a@b.it\nSubject: x\nMIME-Version: 1.0\nContent-Type: application/pkcs7-mime\n\nabc"
    assert _refused(content, MediaType.EML).reason is Refusal.ENCRYPTED


def _empty_pptx() -> bytes:
    saved = io.BytesIO()
    Presentation().save(saved)
    return saved.getvalue()


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (_empty_pptx(), MediaType.PPTX),
        (saved_odf(opendocument.OpenDocumentText()), MediaType.ODT),
        (rb"{\rtf1\ansi}", MediaType.RTF),
        (an_epub({"a.xhtml": "<p></p>"}), MediaType.EPUB),
        (an_eml(""), MediaType.EML),
    ],
)
def test_a_document_without_text_is_refused_as_such(content: bytes, media_type: MediaType) -> None:
    assert _refused(content, media_type).reason is Refusal.NO_TEXT


WHOLE = {
    MediaType.PPTX: a_pptx(),
    MediaType.ODT: an_odt(),
    MediaType.EPUB: an_epub({"a.xhtml": "<h1>Uno</h1><p>Testo.</p>"}),
    MediaType.XLSX: a_sheet([["A", "B"], ["x", 1]]),
}


@pytest.mark.parametrize("media_type", WHOLE)
def test_a_cut_off_file_is_refused_as_damaged(media_type: MediaType) -> None:
    assert _refused(WHOLE[media_type][:-150], media_type).reason is Refusal.BROKEN


@pytest.mark.parametrize("media_type", WHOLE)
def test_a_bomb_is_refused_before_it_is_read(media_type: MediaType) -> None:
    bomb = with_part(WHOLE[media_type], "docProps/bomb.xml", bytes(60 * 2**20))
    assert _refused(bomb, media_type).reason is Refusal.TOO_LARGE


def test_an_archive_given_as_a_document_is_refused_with_what_to_do() -> None:
    assert _refused(a_zip({"a.md": "x"}), MediaType.ZIP).reason is Refusal.UNSUPPORTED_TYPE


@pytest.mark.parametrize("media_type", [*WHOLE, MediaType.RTF, MediaType.EML])
@given(st.data())
@settings(max_examples=15)
def test_a_damaged_file_is_read_or_refused_and_never_anything_else(
    media_type: MediaType, data: st.DataObject
) -> None:
    others = {MediaType.RTF: RTF, MediaType.EML: an_eml("Ciao", page="<p>Ciao</p>", attached={"a.pdf": b"x"})}
    whole = bytearray({**WHOLE, **others}[media_type])
    for _ in range(data.draw(st.integers(1, 40))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert read(bytes(whole), media_type).blocks
    except DocumentRefused as problem:
        assert problem.reason in Refusal  # noqa: PT017 - either end is right
