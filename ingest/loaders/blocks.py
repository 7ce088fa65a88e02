"""Small builders that all loaders share, so that lists and tables look alike whatever the format."""

from collections.abc import Iterable, Sequence

from ingest.types import Block, BlockKind


def one_line(text: str) -> str:
    return " ".join(text.split())


def heading(text: str, level: int, page: int | None = None) -> Block:
    return Block(kind=BlockKind.HEADING, text=one_line(text), level=level, page=page)


def paragraph(text: str, page: int | None = None) -> Block:
    return Block(kind=BlockKind.PARAGRAPH, text=text.strip(), page=page)


def code(text: str, language: str = "") -> Block:
    return Block(kind=BlockKind.CODE, text=f"```{language}\n{text.strip(chr(10))}\n```")


def list_item(text: str, *, depth: int, number: int | None) -> str:
    """Return the line (or lines) of one item, marked and indented by its depth."""
    mark = f"{number}." if number is not None else "-"
    lines = [line.strip() for line in text.strip().split("\n") if line.strip()]
    pad = "  " * depth
    return "\n".join(
        [f"{pad}{mark} {lines[0] if lines else ''}".rstrip(), *(f"{pad}  {line}" for line in lines[1:])]
    )


def list_block(lines: Iterable[str], page: int | None = None) -> Block:
    return Block(kind=BlockKind.LIST, text="\n".join(lines), page=page)


def table_block(
    rows: Sequence[Sequence[str]], page: int | None = None, *, header: bool = True
) -> Block | None:
    """Return a table with its first row as header; None when no cell has text.

    A table of a single column or row is layout, not data: it becomes a paragraph.

    Args:
        rows: the cells; shorter rows are filled up.
        page: where it begins.
        header: whether the first row is one; else the header is empty.
    """
    cells = [[one_line(cell).replace("|", "/") for cell in row] for row in rows]
    cells = [row for row in cells if any(row)]
    width = max((len(row) for row in cells), default=0)
    if width == 0:
        return None
    if width == 1 or len(cells) == 1:
        return paragraph("\n".join(" ".join(filter(None, row)) for row in cells), page)
    padded = [row + [""] * (width - len(row)) for row in cells]
    lines = [f"| {' | '.join(row)} |" for row in padded]
    if not header:
        lines.insert(0, f"| {' | '.join([''] * width)} |")
    lines.insert(1, "|" + " --- |" * width)
    return Block(kind=BlockKind.TABLE, text="\n".join(lines), page=page)


def first_title(blocks: Sequence[Block]) -> str | None:
    """Return the first heading when it opens the document."""
    for block in blocks[:3]:
        if block.kind is BlockKind.HEADING and block.text:
            return block.text
    return None
