"""E-mails: the subject as title, the message without what it quotes. `attachments` are other documents."""

import email
import re
from collections.abc import Iterator, Sequence
from email import policy
from email.message import EmailMessage

from bs4 import BeautifulSoup

from core.errors import DocumentRefused, Refusal
from core.text import normalise
from ingest.loaders import html, plain
from ingest.loaders.blocks import heading
from ingest.loaders.hidden import flag
from ingest.types import Block, LoadedText, TextWarning, WarningKind

_QUOTES = (
    "blockquote[type=cite], .gmail_quote, .gmail_extra, .moz-cite-prefix, .yahoo_quoted, #appendonsend, "
    "#divRplyFwdMsg, #divRplyFwdMsg ~ *, #appendonsend ~ *, .OutlookMessageHeader"
)
_HISTORY = re.compile(
    r"^\s*(?:-{2,}\s*(?:original message|messaggio originale)\s*-{2,}|"
    r"(?:on|il(?: giorno)?)\s.{6,160}\s(?:wrote|ha scritto):?\s*$|"
    r"(?:from|da):\s.+\n+\s*(?:sent|inviato|date|data)(?: il)?:\s)",
    re.IGNORECASE | re.MULTILINE,
)
_SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)
_MOST_ATTACHMENTS = 200


def load(content: bytes) -> LoadedText:
    """Read a message; it is for operators unless somebody says otherwise beside it: letters are private.

    Raises:
        DocumentRefused: it is encrypted, or no part of it is text.
    """
    message = _parsed(content)
    if message.get_content_type() in ("multipart/encrypted", "application/pkcs7-mime"):
        raise DocumentRefused(Refusal.ENCRYPTED, "The e-mail is encrypted: save it without encryption.")
    body, warnings = _body(message)
    subject = normalise(str(message.get("subject", "")))
    metadata = {
        "audience": "internal",
        **{name: normalise(str(message[name])) for name in ("from", "to", "date") if message[name]},
        "attachments": [name for name, _ in attachments(content)],
    }
    blocks = [heading(subject, 1), *body] if subject and body else body
    return LoadedText(
        blocks=tuple(blocks), title=subject or None, metadata=metadata, warnings=tuple(warnings)
    )


def attachments(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of what is attached, pictures inside the text too; attached e-mails as `.eml`.

    Raises:
        DocumentRefused: its parts cannot be told apart; also after some of them.
    """
    try:
        yield from _attached(content)
    except RecursionError:
        raise DocumentRefused(
            Refusal.BROKEN, "E-mails lie in it too deeply to be read: take the inner ones out."
        ) from None
    except Exception as error:  # headers that break the rules make the library raise anything
        raise DocumentRefused(
            Refusal.BROKEN, f"What is attached could not be read ({type(error).__name__})."
        ) from error


def _attached(content: bytes) -> Iterator[tuple[str, bytes]]:
    for number, part in enumerate(_parsed(content).iter_attachments(), start=1):
        if number > _MOST_ATTACHMENTS:
            return
        if part.get_content_type() == "message/rfc822":
            inner = part.get_payload(0)
            assert isinstance(inner, EmailMessage)
            yield part.get_filename() or f"message-{number}.eml", inner.as_bytes()
        else:
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                yield part.get_filename() or f"attachment-{number}", payload


def _parsed(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def _body(message: EmailMessage) -> tuple[list[Block], list[TextWarning]]:
    part = message.get_body(preferencelist=("html", "plain"))
    if part is None:
        return [], []
    text = part.get_content()
    text = text if isinstance(text, str) else text.decode("utf-8", errors="replace")
    if part.get_content_type() == "text/html":
        return _from_page(text)
    own, quoted = _without_history(text)
    return list(plain.read_blocks(normalise(own))), _told(quoted)


def _from_page(page: str) -> tuple[list[Block], list[TextWarning]]:
    """Read a message written as a page, without the parts that mail programs mark as quoted."""
    soup = BeautifulSoup(page, "lxml")
    quoted = [tag.get_text(" ") for tag in soup.select(_QUOTES)]
    for tag in soup.select(_QUOTES):
        tag.decompose()
    loaded = html.load(str(soup).encode())
    if not loaded.blocks:  # a message that only passes another on
        loaded, quoted = html.load(page.encode()), []
    kept = _before_history(loaded.blocks)
    quoted += [block.text for block in loaded.blocks[len(kept) :]]
    return list(kept), [*loaded.warnings, *_told(" ".join(quoted))]


def _before_history(blocks: Sequence[Block]) -> Sequence[Block]:
    cut = next((place for place, block in enumerate(blocks) if _HISTORY.search(block.text)), len(blocks))
    return blocks[:cut] or blocks


def _without_history(text: str) -> tuple[str, str]:
    """Return (what was written, what was quoted below it); lines that begin with `>` are quotes."""
    text = text.replace("\r\n", "\n")
    found = _HISTORY.search(text)
    own, quoted = (text[: found.start()], text[found.start() :]) if found else (text, "")
    lines = own.split("\n")
    quoted += "\n".join(line for line in lines if line.startswith(">"))
    own = "\n".join(line for line in lines if not line.startswith(">"))
    if signature := _SIGNATURE.search(own):
        own = own[: signature.start()]
    return (own, quoted) if own.strip() else (text, "")


def _told(quoted: str) -> list[TextWarning]:
    quoted = quoted.strip()
    return [flag(WarningKind.LEFT_OUT, f"Earlier messages below this one: {quoted}")] if quoted else []
