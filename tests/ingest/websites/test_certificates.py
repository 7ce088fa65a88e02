"""A pinned connection still speaks to the name: SNI and certificate are those of the host."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.errors import FetchFailed, FetchProblem
from ingest.websites.addresses import AddressGuard
from ingest.websites.fetch import Fetcher

HOST = "shop.example"


def _certificate(folder: Path) -> Path:
    """Write a certificate for `HOST` that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "host.pem"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return file


@pytest.fixture
async def https(tmp_path: Path) -> AsyncIterator[tuple[int, Path, list[str | None]]]:
    """A server on loopback: its port, its certificate, and the names that it was called by."""
    file, called = _certificate(tmp_path), list[str | None]()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    context.sni_callback = lambda _socket, name, _context: called.append(name)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1], file, called


async def _get(port: int, trust: ssl.SSLContext, host: str) -> bytes:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    guard = AddressGuard(allow_private=["127.0.0.1"], ports=[port], resolver=resolve)
    async with Fetcher(guard, user_agent="Percorso/test", seconds=5, trust=trust).open() as fetcher:
        return (await fetcher.get(f"https://{host}:{port}/", wanted=lambda *_: 100)).content


async def test_the_certificate_of_the_name_is_asked_for_and_accepted(
    https: tuple[int, Path, list[str | None]],
) -> None:
    port, file, called = https
    assert await _get(port, ssl.create_default_context(cafile=str(file)), HOST) == b"hello"
    assert called == [HOST]


@pytest.mark.parametrize("host", ["other.example", "127.0.0.1"])
async def test_the_certificate_of_another_name_is_refused(
    https: tuple[int, Path, list[str | None]], host: str
) -> None:
    port, file, _ = https
    with pytest.raises(FetchFailed, match="certificate") as failed:
        await _get(port, ssl.create_default_context(cafile=str(file)), host)
    assert failed.value.problem is FetchProblem.TLS


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    https: tuple[int, Path, list[str | None]],
) -> None:
    with pytest.raises(FetchFailed, match="certificate"):
        await _get(https[0], ssl.create_default_context(), HOST)
