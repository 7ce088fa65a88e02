"""What site generators add to Markdown goes; the text and the code stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import words
from ingest.loaders.markup import strip_markup


def _left(text: str, *, jsx: bool = False) -> str:
    """What is left, with its paragraphs on one line each."""
    return " ¶ ".join(part.strip() for part in strip_markup(text, jsx=jsx).split("\n\n") if part.strip())


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Costa {{ price | money }} euro", "Costa  euro"),
        ("{% if sale %}ora{% else %}poi{%- endif -%}", "orapoi"),
        ("a{% comment %} nota {% endcomment %}b", "ab"),
        ('{% include note.html content="Attenzione qui" %}', "**Attenzione qui**"),
        ('{% tab title="Windows" %}\nA\n{% endtab %}', "**Windows** ¶ A"),
        ('{% tab title="{{ os }}" %}A{% endtab %}', "A"),
        ("{% hint style='info' %}\nB\n{% endhint %}", "B"),
    ],
)
def test_liquid_and_gitbook_leave_their_labels_and_text(text: str, left: str) -> None:
    assert _left(text) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("import X from 'x'\n\nTesto", "Testo"),
        ('import { A,\n  B } from "./b"\nimport "style.css"\nTesto', "Testo"),
        ("export const a = 1\nTesto", "Testo"),
        ("export const meta = {\n  title: 'x',\n\n  tags: ['a'],\n}\n\nTesto", "Testo"),
        ("export default function Page() {\n  return 1\n}\nTesto", "Testo"),
        ('<Card title="L\'utente">\n    Dentro\n</Card>', "**L'utente** ¶ Dentro"),
        ("<Card icon={<I a={{ b: 1 }}/>} title='Due'/>", "**Due**"),
        ('<Tabs.Item label="Tre" onClick={() => go(1)}>x</Tabs.Item>', "**Tre** ¶ x"),
        ("<>Testo {props.value} qui</>", "Testo  qui"),
        ("{/* nota */}Testo", "Testo"),
        (r"Testo \{graffe}", r"Testo \{graffe}"),
        ("Prezzo <b>forte</b>", "Prezzo <b>forte</b>"),
    ],
)
def test_components_leave_their_titles_and_text(text: str, left: str) -> None:
    assert _left(text, jsx=True) == left


def test_without_components_braces_and_angle_brackets_are_text() -> None:
    text = "Premi <Invio> e scrivi {nome}. import 'x'"
    assert strip_markup(text, jsx=False) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (":::tip Titolo\nDentro\n:::", "**Titolo** ¶ Dentro"),
        (":::note[Da sapere]\nDentro\n:::", "**Da sapere** ¶ Dentro"),
        ("::: details Come si carica?\nDentro\n:::", "**Come si carica?** ¶ Dentro"),
        (':::tip{title="Detto"}\nDentro\n:::', "**Detto** ¶ Dentro"),
        (":::warning\nDentro\n:::", "Dentro"),
        (':::image type="content" source="a.png":::\nDentro', "Dentro"),
        (":::row:::\nDentro\n:::row-end:::", "Dentro"),
        ("> [!NOTE] Nota\n> testo", "> Nota\n> testo"),
        ("> [!AVVISO]\n> testo", "> \n> testo"),
        ("[!INCLUDE [titolo](a.md)]Testo", "Testo"),
        ("[!VIDEO https://v.example/1] Testo", "Testo"),
        ("## Titolo {#ancora}", "## Titolo"),
        ("Testo\n{: .class #id}", "Testo"),
        ('<a name="x"></a>Testo<a id="y"/>', "Testo"),
        ("Testo <!-- nota\nlunga --> resta", "Testo  resta"),
    ],
)
def test_directives_anchors_and_comments_leave_what_a_reader_sees(text: str, left: str) -> None:
    assert _left(text) == left


CODE = [
    "```liquid\n{{ keep }} {% if x %}\n<Card title='x'/>\n<!-- keep -->\n:::tip\n```",
    "~~~\nimport X from 'x'\n{: .k}\n~~~",
    "  ```js\n  {/* keep */}\n  ```",
    "`{% keep %}`",
    "``a ` {{ keep }}``",
    "````md\n```\n{{ keep }}\n```\n````",
]


@pytest.mark.parametrize("code", CODE, ids=range(len(CODE)))
@pytest.mark.parametrize("jsx", [True, False])
def test_code_is_never_touched(code: str, jsx: bool) -> None:
    assert strip_markup(f"Prima {{{{ x }}}}\n\n{code}\n\nDopo", jsx=jsx) == f"Prima \n\n{code}\n\nDopo"


def test_code_inside_a_comment_goes_with_it() -> None:
    assert strip_markup("a<!--\n```\nx\n```\n-->b", jsx=True) == "ab"


PLAIN = st.text(st.sampled_from("abc è12.,;:!?'\"()\n -*_#>|"), max_size=120)


@given(PLAIN, st.booleans())
def test_plain_markdown_stays_as_it_is(text: str, jsx: bool) -> None:
    assert words(strip_markup(text, jsx=jsx)) == words(text)


@given(st.text(st.sampled_from("ab `~\n{}%<>/-!:[]()\"'=A\x02\x030"), max_size=80), st.booleans())
def test_nothing_that_can_be_written_breaks_it(text: str, jsx: bool) -> None:
    left = strip_markup(text, jsx=jsx)
    assert "\x02" not in left
    assert "\x03" not in left
