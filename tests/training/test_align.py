"""Two folders become training pairs: small documents, written here, through the whole command."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.align import arguments, main
from training.aligned_texts import paired_sentences, sentence_beads
from training.file_pairs import paired_files
from training.pairs import Pair, read_pairs
from training.sieve import Fault, Sieve, fault_of

RETURNS = """---
title: Returns
description: How to send a bicycle back to our workshop.
---

# Returning a bike

You have 30 days to change your mind. The bike must be clean and complete.

Our courier collects it at your door, wherever you live in Italy.

## What we refund

- The full price of the bike
- The cost of standard delivery

```bash
returns --open "E-04"
```

| Model | Collection |
| --- | --- |
| Adda folding bike | free of charge |

We pay within 14 days of receiving it.
"""
RESI = """---
title: Resi
description: Come rimandare una bicicletta alla nostra officina.
---

# Restituire una bici

Ha 30 giorni per cambiare idea. La bici deve essere pulita e completa.

Il nostro corriere la ritira a casa Sua, ovunque Lei viva in Italia.

## Che cosa rimborsiamo

- Il prezzo intero della bici
- Il costo della consegna normale

```bash
returns --open "E-04"
```

| Modello | Ritiro |
| --- | --- |
| Bici pieghevole Adda | senza spese |

Paghiamo entro 14 giorni da quando la riceviamo.
"""
EXPECTED = [
    ("How to send a bicycle back to our workshop.", "Come rimandare una bicicletta alla nostra officina."),
    ("Returning a bike", "Restituire una bici"),
    ("You have 30 days to change your mind.", "Ha 30 giorni per cambiare idea."),
    ("The bike must be clean and complete.", "La bici deve essere pulita e completa."),
    (
        "Our courier collects it at your door, wherever you live in Italy.",
        "Il nostro corriere la ritira a casa Sua, ovunque Lei viva in Italia.",
    ),
    ("What we refund", "Che cosa rimborsiamo"),
    ("The full price of the bike", "Il prezzo intero della bici"),
    ("The cost of standard delivery", "Il costo della consegna normale"),
    ("Adda folding bike", "Bici pieghevole Adda"),
    ("free of charge", "senza spese"),
    ("We pay within 14 days of receiving it.", "Paghiamo entro 14 giorni da quando la riceviamo."),
]


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def align(folder: Path, *more: str, english: str = "en", italian: str = "it") -> list[tuple[str, str]]:
    """Run the command on two folders in `folder` and return (English, Italian) as they were written."""
    out = folder / "out" / "pairs.jsonl"
    main(arguments([str(folder / english), str(folder / italian), "--out", str(out), *more]))
    return [(pair.english, pair.italian) for pair in read_pairs(out)]


def counted(told: str, name: str) -> int:
    """Return the number beside a name in the table of the report."""
    line = next(line for line in told.splitlines() if line.strip().startswith(name))
    return int(line.removeprefix(" ").split()[-1])


def test_a_document_becomes_sentences_items_and_cells_without_its_code(tmp_path: Path) -> None:
    write(tmp_path, {"en/returns.md": RETURNS, "it/returns.md": RESI})
    assert align(tmp_path) == EXPECTED


def test_a_paragraph_that_only_one_side_has_moves_nothing(tmp_path: Path) -> None:
    courier = "Il nostro corriere la ritira a casa Sua, ovunque Lei viva in Italia.\n\n"
    news = "Novità del 2026: chi abita a Ferrara può anche portarla in negozio, senza prenotare.\n\n"
    write(tmp_path, {"en/a.md": RETURNS, "it/a.md": RESI.replace(courier, "")})
    assert align(tmp_path) == [pair for pair in EXPECTED if "courier" not in pair[0]]
    write(tmp_path, {"it/a.md": RESI.replace(courier, courier + news)})
    assert align(tmp_path) == EXPECTED


def test_sentences_that_were_split_otherwise_come_together(tmp_path: Path) -> None:
    english = [
        "The battery is covered for two years.",
        "If it holds less than 70% of its charge, we replace it.",
        "Keep the receipt, because the workshop will ask for it.",
    ]
    italian = [
        "La batteria è coperta per due anni e, se tiene meno del 70% della sua carica, la sostituiamo.",
        "Conservi la ricevuta, perché l'officina la chiederà.",
    ]
    write(tmp_path, {"en/battery.txt": " ".join(english), "it/battery.txt": " ".join(italian)})
    expected = [(" ".join(english[:2]), italian[0]), (english[2], italian[1])]
    assert align(tmp_path) == expected
    turned = paired_sentences([" ".join(italian)], [" ".join(english)])
    assert [(two, one) for one, two in turned] == expected


def test_a_sentence_that_was_not_translated_is_left_out(tmp_path: Path) -> None:
    first = (
        "Close the app on your phone, then wait until the light on the handlebar goes out and stays out.",
        "Chiuda l'app sul telefono, poi aspetti che la luce sul manubrio si spenga e rimanga spenta.",
    )
    last = (
        "After that, press the button below the display for five seconds, without letting it go early.",
        "Dopo di che prema per cinque secondi il pulsante che sta sotto il display, senza lasciarlo prima.",
    )
    english = f"{first[0]} You will hear it beep, which is a good sign. {last[0]}"
    write(tmp_path, {"en/app.txt": english, "it/app.txt": f"{first[1]} {last[1]}"})
    assert align(tmp_path) == [first, last]


@given(st.lists(st.text("abc ", max_size=80), max_size=8), st.lists(st.text("abc ", max_size=80), max_size=8))
def test_every_sentence_is_in_one_bead_in_order(english: list[str], italian: list[str]) -> None:
    beads = sentence_beads(english, italian)
    assert [sentence for here, _ in beads for sentence in english[here]] == english
    assert [sentence for _, there in beads for sentence in italian[there]] == italian


PAGES = {
    "hours.html": (
        "<html><nav>Home page</nav><main><h1>Opening hours</h1><p>We open at 9.</p></main></html>",
        "<html><nav>Pagina iniziale</nav><main><h1>Orari di apertura</h1><p>Apriamo alle 9.</p></main>"
        "<footer>Tutti i diritti riservati</footer></html>",
    ),
    "hours.rst": (
        "Opening hours\n=============\n\n.. note::\n\n   We open at **9**.\n",
        "Orari di apertura\n=================\n\n.. note::\n\n   Apriamo alle **9**.\n",
    ),
    "hours.mdx": (
        'import Clock from "./clock"\n\n# Opening hours\n\n<Clock zone="Rome" />\n\nWe open at _9_.\n',
        'import Clock from "./clock"\n\n# Orari di apertura\n\n<Clock zone="Rome" />\n\nApriamo alle _9_.\n',
    ),
}


@pytest.mark.parametrize("name", PAGES)
def test_every_format_gives_the_same_pairs(name: str, tmp_path: Path) -> None:
    english, italian = PAGES[name]
    write(tmp_path, {f"en/{name}": english, f"it/{name}": italian})
    assert align(tmp_path) == [("Opening hours", "Orari di apertura"), ("We open at 9.", "Apriamo alle 9.")]


def test_an_untranslated_page_gives_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    older = RETURNS.replace("wherever you live in Italy", "anywhere in Italy").replace("clean", "dry, clean")
    write(tmp_path, {"en/a.md": RETURNS, "it/a.md": RETURNS, "en/b.md": RETURNS, "it/b.md": older})
    assert align(tmp_path) == []
    told = capsys.readouterr().err
    assert counted(told, Fault.IDENTICAL) > 10
    assert counted(told, Fault.LANGUAGE) == 2


def test_files_of_one_side_and_broken_ones_are_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, {"en/returns.md": RETURNS, "it/returns.md": RESI})
    write(tmp_path, {"en/new.md": "# A new page", "it/legal.md": "# Note legali", "it/.hidden.md": RESI})
    write(tmp_path, {"en/ui.json": '{"cart": "Your cart is empty"}', "it/ui.json": '{"cart": "Il carrello'})
    write(tmp_path, {"en/empty.md": "# Something", "it/empty.md": ""})
    assert align(tmp_path) == EXPECTED
    told = capsys.readouterr().err
    assert f"Only in English:\n  {tmp_path}/en/new.md\n" in told
    assert f"Only in Italian:\n  {tmp_path}/it/legal.md\n" in told
    assert "The file is empty." in told
    assert counted(told, "files in both languages") == 3
    assert counted(told, "that cannot be read") == 2
    assert counted(told, "pairs kept") == len(EXPECTED)


def test_key_files_are_joined_by_key_whatever_the_order(tmp_path: Path) -> None:
    english = {
        "cart": {"empty": "Your cart is empty", "total": "Total: {sum}", "new": "Not translated yet"},
        "steps": ["Choose a bike", "Pay by card"],
        "tips": ["Keep it dry", "Charge it often"],
    }
    italian = {
        "steps": ["Scelga una bici", "Paghi con carta"],
        "tips": ["La ricarichi spesso"],
        "cart": {"total": "Totale: {sum}", "empty": "Il Suo carrello è vuoto"},
    }
    write(tmp_path, {"en.json": json.dumps(english), "it.json": json.dumps(italian)})
    write(tmp_path, {"mail.en.yml": "en:\n  hello: Good morning to you\n"})
    write(tmp_path, {"mail.it.yml": "it:\n  hello: Buongiorno a Lei\n"})
    assert align(tmp_path, english="", italian="") == [
        ("Your cart is empty", "Il Suo carrello è vuoto"),
        ("Choose a bike", "Scelga una bici"),
        ("Pay by card", "Paghi con carta"),
        ("Good morning to you", "Buongiorno a Lei"),
    ]


@pytest.mark.parametrize(
    ("english", "italian", "own", "other"),
    [
        ("en", "it", "guide/page.md", "guide/page.md"),
        ("", "", "docs/en/page.md", "docs/it/page.md"),
        ("", "", "page.md", "page.it.md"),
        ("", "it", "page.md", "page.md"),
        ("en", "it", "en-US/page.html", "it-IT/page.html"),
        ("en", "it", "messages.yaml", "messages_it_IT.yaml"),
        ("en", "it", "guides/range.md", "guide/autonomia.md"),
        ("en", "it", "give-it.md", "give-it.md"),
    ],
)
def test_files_find_each_other(english: str, italian: str, own: str, other: str, tmp_path: Path) -> None:
    first, second = tmp_path / english / own, tmp_path / italian / other
    write(tmp_path, {f"{english}/{own}".lstrip("/"): "x", f"{italian}/{other}".lstrip("/"): "y"})
    renamed = {"guides": "guide", "range.md": "autonomia.md"}
    found = paired_files(tmp_path / english, tmp_path / italian, renamed if "guides" in own else {})
    assert found.both == [(first, second)]
    assert (found.only_english, found.only_italian) == ([], [])


@pytest.mark.parametrize(
    ("english", "italian", "fault"),
    [
        ("Settings", "Impostazioni", Fault.SHORT),
        ("very " * 201, "molto " * 201, Fault.LONG),
        ("Borgovelo App.", "Borgovelo app", Fault.IDENTICAL),
        ("Hello {name}, welcome back", "Ciao {name}, bentornato", Fault.PLACEHOLDER),
        ("You have %d new messages", "Ha %d messaggi nuovi", Fault.PLACEHOLDER),
        ("Sent by %1$s on Monday", "Spedito da %1$s lunedì", Fault.PLACEHOLDER),
        ("Press <b>Pay</b> to go on", "Prema <b>Paga</b> per continuare", Fault.PLACEHOLDER),
        ("Delivered in 3 days", "Consegna in 5 giorni", Fault.NUMBERS),
        ("Go on", "Prosegua con la registrazione", Fault.LENGTH),
        ("Where is my parcel now?", "Where has my parcel gone?", Fault.LANGUAGE),
        ("Wo ist denn mein Paket jetzt?", "Dov'è adesso il mio pacco?", Fault.LANGUAGE),
        ("It costs $1,299.50, 20% less", "Costa 1.299,50 $, il 20% di meno", None),
        ("Log in to Percorso", "Accedi a Percorso", None),
    ],
)
def test_what_is_wrong_with_a_pair(english: str, italian: str, fault: Fault | None) -> None:
    assert fault_of(english, italian) == fault


def test_a_pair_passes_once() -> None:
    sieve = Sieve()
    assert sieve.lets_through("Where is my parcel?", "Dov'è il mio pacco?")
    assert not sieve.lets_through("Where is my parcel", "dov'e il mio pacco")
    assert sieve.lets_through("Where is my parcel?", "Dove si trova il mio pacco?")
    assert sieve.dropped == {Fault.DUPLICATE: 1}


def test_two_runs_give_the_same_bytes_and_training_can_read_them(tmp_path: Path) -> None:
    write(
        tmp_path,
        {f"{folder}/{name}.md": text for folder, text in (("en", RETURNS), ("it", RESI)) for name in "ba"},
    )
    outs = [tmp_path / name for name in ("one.jsonl.gz", "two.jsonl.gz")]
    for out in outs:
        given_ = [str(tmp_path / "en"), str(tmp_path / "it"), "--out", str(out), "--source", "borgovelo/docs"]
        main(arguments([*given_, "--domain", "customer-care"]))
    assert outs[0].read_bytes() == outs[1].read_bytes()
    assert read_pairs(outs[0])[1] == Pair("Returning a bike", "Restituire una bici", "customer-care")
    first = json.loads(gzip.decompress(outs[0].read_bytes()).splitlines()[0])
    assert list(first) == ["en", "it", "source", "domain"]
    assert first["source"] == "borgovelo/docs/a.md"


def test_a_wrong_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"en/range.md": "# How far it goes", "it/autonomia.md": "# Quanta strada fa"})
    with pytest.raises(SystemExit, match="--map"):
        align(tmp_path)
    assert align(tmp_path, "--map", "range.md=autonomia.md") == [("How far it goes", "Quanta strada fa")]
    for wrong, told in (("en", "is not OLD=NEW"), ("=it", "is not OLD=NEW")):
        with pytest.raises(SystemExit):
            align(tmp_path, "--map", wrong)
        assert told in capsys.readouterr().err
    with pytest.raises(SystemExit):
        align(tmp_path, italian="nowhere")
    assert "nowhere is no folder" in capsys.readouterr().err
