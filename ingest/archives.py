"""Zip files within limits: everything that is zipped (DOCX, XLSX, PPTX, ODT, ODS, EPUB, ZIP) is opened here.

The directory is checked before anything is unpacked, and bytes are counted while it is: what a
directory says about sizes is a claim of whoever made the file.
"""

import io
import re
import stat
import zipfile
import zlib
from copy import copy
from pathlib import PurePosixPath

from lxml import etree

from core.errors import DocumentRefused, Refusal

MAX_ENTRIES = 2_000
MAX_UNPACKED = 200 * 1024 * 1024
MAX_RATIO = 100
_RATIO_COUNTS_FROM = 16 * 1024 * 1024
"""A small sheet of equal rows packs 200:1 and harms nobody: the ratio is asked for from this size on."""
_PIECE = 256 * 1024
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
_ENTITY = tuple("<!ENTITY".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))
_BIDI = re.compile("[\x00-\x1f\x7f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


class Archive:
    """A zip file whose directory was found harmless; `read` counts what it unpacks.

    Args:
        content: the bytes of the file.

    Raises:
        DocumentRefused: it is damaged, encrypted, a bomb, or holds names that lead out of it.
    """

    def __init__(self, content: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
            entries = self._zip.infolist()
        except _DAMAGE:
            raise DocumentRefused(Refusal.BROKEN, "The file is cut off or damaged.") from None
        _check_directory(entries, len(content))
        self._entries = {entry.filename: entry for entry in entries if not entry.is_dir()}
        self._room = _room(len(content))

    @property
    def names(self) -> list[str]:
        """The files inside, in the order of the directory."""
        return list(self._entries)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def read(self, name: str) -> bytes:
        """Unpack one file. All that is read from one archive shares one limit.

        Raises:
            DocumentRefused: it is not there, is damaged, or unpacks to more than is allowed.
        """
        if name not in self._entries:
            raise DocumentRefused(Refusal.BROKEN, f"The file lacks its part {visible(name)}.")
        entry = copy(self._entries[name])
        entry.file_size = 1 << 62  # else zipfile stops where the directory says, and hides the rest
        try:
            with self._zip.open(entry) as stream:
                data = bytearray()
                while piece := stream.read(_PIECE):
                    data += piece
                    if len(data) > self._room:
                        raise _bomb()
        except _DAMAGE:
            raise DocumentRefused(Refusal.BROKEN, "The file is cut off or damaged.") from None
        self._room -= len(data)
        return bytes(data)

    def xml(self, name: str) -> etree._Element:
        """Return the root of an XML part, parsed without entities, network or endless trees."""
        return parse_xml(self.read(name))


def check_archive(content: bytes) -> None:
    """Unpack all of a zip file, counting, before a library is given it.

    Raises:
        DocumentRefused: as `Archive` and `parse_xml` say.
    """
    archive = Archive(content)
    for name in archive.names:
        data = archive.read(name)
        if name.lower().endswith((".xml", ".rels")):
            refuse_entities(data)


def parse_xml(data: bytes) -> etree._Element:
    """Parse XML that a stranger wrote.

    Raises:
        DocumentRefused: it is damaged, or declares entities: they exist to blow a parser up or to read files.
    """
    refuse_entities(data)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise DocumentRefused(Refusal.BROKEN, f"A part of the file is damaged ({error.msg}).") from None


def refuse_entities(data: bytes) -> None:
    if any(mark in data for mark in _ENTITY):
        raise DocumentRefused(
            Refusal.BROKEN,
            "The file declares XML entities, as attacks on readers do (billion laughs): save it anew.",
        )


def visible(name: str) -> str:
    """Return a name with control and direction characters written out: they make it look like another."""
    return _BIDI.sub(lambda found: f"\\u{ord(found.group()):04x}", name)


def _check_directory(entries: list[zipfile.ZipInfo], packed: int) -> None:
    if len(entries) > MAX_ENTRIES:
        raise DocumentRefused(
            Refusal.TOO_LARGE, f"It holds {len(entries)} files, and {MAX_ENTRIES} are allowed: split it."
        )
    if sum(entry.file_size for entry in entries) > _room(packed):
        raise _bomb()
    seen: set[str] = set()
    for entry in entries:
        _check_entry(entry)
        if entry.filename in seen:
            raise DocumentRefused(
                Refusal.BROKEN, f"The name {visible(entry.filename)} stands in the file twice."
            )
        seen.add(entry.filename)


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = visible(entry.orig_filename)
    if entry.flag_bits & _ENCRYPTED:
        raise DocumentRefused(
            Refusal.ENCRYPTED, "The archive is protected with a password: make one without."
        )
    if entry.compress_type not in _METHODS:
        raise DocumentRefused(Refusal.UNSUPPORTED_TYPE, f"{name} is packed in a rare way: pack it as usual.")
    path = entry.filename.replace("\\", "/")
    if path.startswith("/") or re.match(r"^[A-Za-z]:", path) or ".." in PurePosixPath(path).parts:
        raise DocumentRefused(Refusal.BROKEN, f"The name {name} leads out of the archive: pack it anew.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise DocumentRefused(Refusal.BROKEN, f"{name} is a link to another file: pack the file itself.")


def _room(packed: int) -> int:
    """Return to how many bytes a file of this size may unpack."""
    return min(MAX_UNPACKED, max(_RATIO_COUNTS_FROM, MAX_RATIO * packed))


def _bomb() -> DocumentRefused:
    return DocumentRefused(
        Refusal.TOO_LARGE,
        f"It unpacks to more than {MAX_UNPACKED // 2**20} MB or {MAX_RATIO} times its size: split it.",
    )
