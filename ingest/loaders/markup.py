"""Take away what site generators add to Markdown: Liquid, MDX, GitBook, docs directives.

Code is never touched: fenced blocks and code spans are set aside first and put back at the end.
"""

import re

_FENCE = re.compile(r"^([ \t]*)(`{3,}|~{3,})[^\n]*\n.*?^[ \t]*\2[ \t]*$", re.DOTALL | re.MULTILINE)
_CODE_SPAN = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_COMMENT = re.compile(r"<!--.*?-->|\{/\*.*?\*/\}|\{%-?\s*comment.*?endcomment\s*-?%\}", re.DOTALL)
_ANCHOR = re.compile(r"<a\s+(?:name|id)=[^>]*?/?>\s*(?:</a>)?", re.IGNORECASE)
_ES_MODULE = re.compile(
    r"^(?:import\s+(?:(?:[\w*, ]|\{[^}]*\})+from\s+)?[\"'][^\n]*|"
    r"export\s+(?:const|default|function)\b(?:[^\n]*[{(\[]\n(?s:.*?)^[}\])][^\n]*|[^\n]*))$\n?",
    re.MULTILINE,
)
_SAID_IN_TAG = re.compile(r"(?:title|content|label|header|summary)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_LIQUID_TAG = re.compile(r"\{%-?.*?-?%\}", re.DOTALL)
_LIQUID_VALUE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_KRAMDOWN = re.compile(r"\{:[^}\n]*\}")
_JSX_TAG = re.compile(
    r"</?[A-Z][\w.]*(?:\s+(?:[^<>{}\"']|\"[^\"]*\"|'[^']*'|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})*)?/?>"
    r"|<>|</>",
    re.DOTALL,
)
_JSX_VALUE = re.compile(r"(?<!\\)\{(?:[^{}\n]|\{[^{}\n]*\})*\}")
_DOCS_DIRECTIVE = re.compile(r"^[ \t]*:::+[ \t]*(?:\{?[\w-]+\}?)?([^\n{]*)(?:\{[^\n]*)?$", re.MULTILINE)
_CALLOUT = re.compile(
    r"^([ \t]*>[ \t]*)\[!(?:NOTE|TIP|IMPORTANT|WARNING|CAUTION|NOTA|AVVISO|SUGGERIMENTO|IMPORTANTE)\][ \t]*",
    re.MULTILINE | re.IGNORECASE,
)
_INCLUDE = re.compile(
    r"\[!(?:INCLUDE|VIDEO|code-[\w]+|DIV)(?:[^\[\]]|\[[^\]]*\])*\](?:\([^)]*\))?", re.IGNORECASE
)
_HEADING_ID = re.compile(r"^(#{1,6} .*?)[ \t]*\{#[^}\n]*\}[ \t]*$", re.MULTILINE)


def strip_markup(text: str, *, jsx: bool) -> str:
    """Return plain Markdown.

    Titles and labels that only stand in a tag (`<Card title="…">`, `{% tab title="…" %}`, `:::tip …`)
    are kept as bold lines, since they are often the heading of what follows.

    Args:
        text: Markdown without its front matter.
        jsx: also take away what only MDX has.
    """
    kept: list[str] = []

    def set_aside(match: re.Match[str]) -> str:
        kept.append(match.group(0))
        return f"\x02{len(kept) - 1}\x03"

    text = _FENCE.sub(set_aside, re.sub("[\x02\x03]", "", text))
    text = _CODE_SPAN.sub(set_aside, text)
    text = _ANCHOR.sub("", _COMMENT.sub("", text))
    text = _HEADING_ID.sub(r"\1", text)
    if jsx:
        text = _ES_MODULE.sub("", text)
        text = _JSX_TAG.sub(_label, text)
        text = _JSX_VALUE.sub("", text)
        text = _unindent(text)
    text = _LIQUID_TAG.sub(_label, text)
    text = _KRAMDOWN.sub("", _LIQUID_VALUE.sub("", text))
    text = _INCLUDE.sub("", _CALLOUT.sub(r"\1", _DOCS_DIRECTIVE.sub(_directive_label, text)))
    return re.sub(r"\x02(\d+)\x03", lambda match: _put_back(match, kept), text)


def _label(tag: re.Match[str]) -> str:
    said = _SAID_IN_TAG.search(tag.group(0))
    label = (said.group(1) or said.group(2) or "").strip() if said else ""
    return f"\n\n**{label}**\n\n" if label and "{{" not in label else ""


def _directive_label(directive: re.Match[str]) -> str:
    label = directive.group(1).strip(" \t[]")
    if "=" in label or label.endswith(":::"):  # attributes, not words
        label = ""
    return f"\n\n**{label}**\n\n" if label else _label(directive)


def _put_back(match: re.Match[str], kept: list[str]) -> str:
    whole = kept[int(match.group(1))]
    return re.sub(r"\x02(\d+)\x03", lambda inner: kept[int(inner.group(1))], whole)


def _unindent(text: str) -> str:
    """Text inside components is indented for looks; four spaces would make it a code block."""
    return re.sub(r"^[ \t]+(?=[^\s\-*+\d])", "", text, flags=re.MULTILINE)
