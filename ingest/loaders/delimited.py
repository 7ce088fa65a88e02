"""CSV and TSV: the delimiter and the encoding are found out; cells stay as they were written (`12,50`)."""

import csv
import io
from collections import Counter

from ingest.loaders.decoding import decode
from ingest.loaders.grids import MAX_CELLS, sheet_blocks, too_many_cells
from ingest.types import LoadedText

_DELIMITERS = ";\t|,"
_SAMPLE_LINES = 60
_LONGEST_CELL = 1_000_000


def load(content: bytes) -> LoadedText:
    text = decode(content)
    named, _, rest = text.partition("\n")
    delimiter = ""
    if named.lower().startswith("sep=") and len(named.strip()) == 5:  # Excel's own first line
        delimiter, text = named.strip()[4], rest
    csv.field_size_limit(_LONGEST_CELL)
    rows: list[list[str]] = []
    cells = 0
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or find_delimiter(text)):
        cells += len(row)
        if cells > MAX_CELLS:
            raise too_many_cells()
        rows.append(row)
    return LoadedText(blocks=tuple(sheet_blocks(rows, level=1)))


def find_delimiter(text: str) -> str:
    """Return the mark that cuts most lines into the same number of cells, more than one.

    A comma is tried last: in Italian files it stands inside of numbers, and `;` between cells.
    """
    lines = [line for line in text.split("\n")[: _SAMPLE_LINES * 2] if line.strip()][:_SAMPLE_LINES]
    best, best_share = ",", 0.0
    for delimiter in _DELIMITERS:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if len(row) > 1)
        share = widths.most_common(1)[0][1] / len(lines) if widths else 0.0
        if share > best_share + 0.05:
            best, best_share = delimiter, share
    return best
