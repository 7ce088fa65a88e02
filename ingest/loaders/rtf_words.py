"""What control words of RTF change: the state of a group, and the tables of fonts, colours and styles."""

import codecs
import re
from dataclasses import dataclass, field, replace

_SILENT = frozenset(
    """
    fonttbl colortbl stylesheet info pict object header headerl headerr headerf footer footerl footerr
    footerf footnote annotation atnid atnauthor listtable listoverridetable revtbl rsidtbl generator
    themedata colorschememapping datastore latentstyles xmlnstbl filetbl fldinst nonshppict shpinst
    bkmkstart bkmkend template operator author company creatim revtim printim listtext pntext
    """.split()
)
_OPTIONAL_KEPT = frozenset(("shptxt", "hyphen"))
_CHARSETS = {0: 1252, 77: 10000, 128: 932, 129: 949, 134: 936, 136: 950, 161: 1253, 162: 1254}
_CHARSETS |= {177: 1255, 178: 1256, 186: 1257, 204: 1251, 238: 1250}
_HEADING = re.compile(r"^(?:heading|titolo)\s*(\d)", re.IGNORECASE)
_TITLE = re.compile(r"^(?:title|titolo)\s*$", re.IGNORECASE)
_SMALLEST_TYPE = 4
"""In half points."""
_WHITE = (255, 255, 255)


@dataclass(slots=True)
class Group:
    """What holds until the next closing brace."""

    destination: str = ""
    silent: bool = False
    optional: bool = False
    fallback: int = 1
    font: int = 0
    colour: int = 0
    background: int = 0
    vanishes: bool = False
    size: int = 24
    style: int = 0
    outline: int = 0
    list_level: int = 0
    in_table: bool = False

    @property
    def is_hidden(self) -> bool:
        return self.vanishes or self.size < _SMALLEST_TYPE

    def copy(self) -> "Group":
        return replace(self, optional=False)

    def enter(self, name: str) -> bool:
        """Note that a group is something else than text; return whether it is."""
        optional, self.optional = self.optional, False
        if name in _SILENT or (optional and name not in _OPTIONAL_KEPT):
            self.destination = "listtext" if name == "pntext" else name
            self.silent = True
            return True
        if name == "title" and self.destination == "info":
            self.destination = name
            return True
        return False

    def apply(self, name: str, number: int | None) -> bool:
        """Change the state; return whether the word was one of state."""
        match name:
            case "f":
                self.font = number or 0
            case "cf":
                self.colour = number or 0
            case "cb" | "highlight" | "chcbpat" | "cbpat":
                self.background = number or 0
            case "v":
                self.vanishes = number != 0
            case "fs":
                self.size = number if number is not None else 24
            case "uc":
                self.fallback = number if number is not None else 1
            case "pard":
                self.style, self.outline, self.list_level, self.in_table = 0, 0, 0, False
            case "plain":
                self.vanishes, self.colour, self.background, self.size = False, 0, 0, 24
            case _:
                return self._apply_to_paragraph(name, number)
        return True

    def _apply_to_paragraph(self, name: str, number: int | None) -> bool:
        match name:
            case "s":
                self.style = number or 0
            case "outlinelevel":
                self.outline = (number or 0) + 1
            case "ilvl":
                self.list_level = number or 0
            case "intbl":
                self.in_table = True
            case _:
                return False
        return True


@dataclass(slots=True)
class Tables:
    """The tables at the beginning of a file."""

    title: str = ""
    _page: int = 1252
    _fonts: dict[int, int] = field(default_factory=dict)
    _colours: list[tuple[int, ...]] = field(default_factory=list)
    _colour: dict[str, int] = field(default_factory=dict)
    _styles: dict[int, str] = field(default_factory=dict)

    def meet(self, name: str, number: int | None, group: Group) -> None:
        if name == "fcharset" and number is not None:
            self._fonts[group.font] = _CHARSETS.get(number, self._page)
        elif name == "ansicpg" and number:
            self._page = number
        elif name in ("red", "green", "blue"):
            self._colour[name] = number or 0

    def write(self, text: str, group: Group) -> None:
        """Take text that stands in a table."""
        if group.destination == "title":
            self.title += text
        elif group.destination == "stylesheet":
            self._styles[group.style] = self._styles.get(group.style, "") + text
        elif group.destination == "colortbl":
            for _ in range(text.count(";")):
                self._colours.append(tuple(self._colour.get(part, 0) for part in ("red", "green", "blue")))
                self._colour = {}

    def leave(self, group: Group) -> None:
        """Close a group; styles end there."""
        if group.destination == "stylesheet" and group.style in self._styles:
            self._styles[group.style] = self._styles[group.style].rstrip(";")

    def codec(self, font: int) -> str:
        name = f"cp{self._fonts.get(font, self._page)}"
        try:
            return codecs.lookup("mac-roman" if name == "cp10000" else name).name
        except LookupError:
            return "cp1252"

    def is_white(self, colour: int, background: int) -> bool:
        """Whether text of this colour has nothing behind it to be seen on."""
        white = 0 < colour < len(self._colours) and self._colours[colour] == _WHITE
        behind = self._colours[background] if 0 < background < len(self._colours) else _WHITE
        return white and behind == _WHITE

    def heading_level(self, style: int) -> int:
        """Return the level of a paragraph style, 0 for text."""
        name = self._styles.get(style, "")
        numbered = _HEADING.match(name)
        return int(numbered.group(1)) if numbered else 1 if _TITLE.match(name) else 0
