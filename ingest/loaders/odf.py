"""What OpenDocument texts and spreadsheets share: opening the parts, text of a node, what a style hides."""

from lxml import etree

from core.errors import DocumentRefused, Refusal
from ingest.archives import Archive

_NAMESPACE = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"
TABLE, TEXT, STYLE, OFFICE = (_NAMESPACE % name for name in ("table", "text", "style", "office"))
FO = _NAMESPACE % "xsl-fo-compatible"
_NOT_TEXT = frozenset(
    (OFFICE + "annotation", TEXT + "tracked-changes", TEXT + "note-citation", TEXT + "ruby-text")
)
_SMALLEST_TYPE = 2.0
"""In points: smaller letters are not read by people."""


def read_part(archive: Archive, name: str) -> etree._Element:
    """Return the root of a part.

    Raises:
        DocumentRefused: the document is encrypted or damaged.
    """
    if "META-INF/manifest.xml" in archive and b"encryption-data" in archive.read("META-INF/manifest.xml"):
        raise DocumentRefused(
            Refusal.ENCRYPTED, "The document is protected with a password: save it without one."
        )
    return archive.xml(name)


def node_text(node: etree._Element, hidden_styles: frozenset[str] = frozenset()) -> str:
    """Return the text of a paragraph, without notes of reviewers and spans of a hidden style."""
    if not isinstance(node.tag, str):
        return ""
    if node.tag in (TEXT + "s", TEXT + "tab"):
        return " "
    if node.tag == TEXT + "line-break":
        return "\n"
    if node.tag in _NOT_TEXT or is_hidden(node, hidden_styles):
        return ""
    parts = [node.text or ""]
    for child in node:
        parts += [node_text(child, hidden_styles), child.tail or ""]
    return "".join(parts)


def is_hidden(node: etree._Element, hidden_styles: frozenset[str]) -> bool:
    return (
        node.get(TEXT + "style-name", "") in hidden_styles
        or node.tag in (TEXT + "hidden-text", TEXT + "hidden-paragraph")
        or node.get(TEXT + "display") in ("none", "condition")
    )


def hiding_styles(*roots: etree._Element) -> frozenset[str]:
    """Return the names of the text styles that show nothing: not displayed, tiny, or white on white."""
    found: set[str] = set()
    for root in roots:
        for style in root.iter(STYLE + "style"):
            if any(_hides(properties) for properties in style.iter(STYLE + "text-properties")):
                found.add(style.get(STYLE + "name", ""))
    return frozenset(found)


def _hides(properties: etree._Element) -> bool:
    background = properties.get(FO + "background-color", "#ffffff").lower()
    white = properties.get(FO + "color", "").lower() == "#ffffff" and background in ("#ffffff", "transparent")
    size = properties.get(FO + "font-size", "")
    tiny = size.endswith("pt") and _points(size) < _SMALLEST_TYPE
    return properties.get(TEXT + "display") == "none" or white or tiny


def _points(size: str) -> float:
    try:
        return float(size.removesuffix("pt"))
    except ValueError:
        return _SMALLEST_TYPE
