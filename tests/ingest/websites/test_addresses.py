"""Where connections may go: the guard against being sent into the inner network."""

from collections.abc import Sequence

import httpcore2
import httpx2
import pytest

from core.errors import FetchFailed, FetchProblem, SettingsError
from ingest.websites.addresses import AddressGuard, PinnedBackend
from ingest.websites.fetch import Fetcher
from tests.ingest.websites.conftest import Served

INNER = """
    127.0.0.1 127.8.8.8 0.0.0.0 10.0.0.1 172.16.3.4 192.168.1.1 169.254.169.254 100.64.0.1 224.0.0.1
    240.0.0.1 255.255.255.255 192.0.0.8 ::1 :: fe80::1 fc00::1 fec0::1 ff02::1 ::ffff:127.0.0.1
    ::ffff:10.0.0.1 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::a00:1 2002:7f00:1:: 2002:a00:1::
    2001:0:1:1:1:1:80ff:fffe 2001:db8::5efe:a00:1 fe80::1%eth0 198.18.0.1 203.0.113.7
    2606:4700::5efe:a00:1 fd00::5efe:808:808 fe80::5efe:808:808 64:ff9b:1:7f00:0:100:808:808
""".split()
PUBLIC = "93.184.216.34 8.8.8.8 2606:4700::1111 64:ff9b::808:808 ::ffff:8.8.8.8".split()


def _resolver(*answers: Sequence[str]):  # type: ignore[no-untyped-def]
    """Return a resolver that gives these answers one after the other, the last one for ever."""
    waiting = list(answers)

    async def resolve(host: str, port: int) -> Sequence[str]:
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return resolve


@pytest.mark.parametrize("address", INNER)
async def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    guard = AddressGuard(resolver=_resolver([address]))
    with pytest.raises(FetchFailed, match="not a public address") as refused:
        await guard.addresses("shop.example", 443)
    assert refused.value.problem is FetchProblem.BLOCKED


@pytest.mark.parametrize("address", PUBLIC)
async def test_public_addresses_are_open(address: str) -> None:
    assert await AddressGuard(resolver=_resolver([address])).addresses("shop.example", 80) == [address]


async def test_one_inner_address_among_public_ones_is_enough_to_refuse() -> None:
    guard = AddressGuard(resolver=_resolver(["8.8.8.8", "10.0.0.1"]))
    with pytest.raises(FetchFailed, match=r"10\.0\.0\.1"):
        await guard.addresses("shop.example", 443)


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "017700000001", "127.1", "0x7f.1", "10.0.1"])
async def test_numbers_in_disguise_are_refused_before_anything_is_looked_up(host: str) -> None:
    guard = AddressGuard(resolver=_resolver(["8.8.8.8"]))
    with pytest.raises(FetchFailed, match="number"):
        await guard.addresses(host, 80)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://shop.example/",
        "file:///etc/passwd",
        "gopher://shop.example",
        "https://user:secret@shop.example/",
        "https://shop.example:8080/",
        "http://shop.example:22/",
        "http://0x7f000001/",
        "http:///nothing",
    ],
)
def test_addresses_of_other_kinds_are_refused(url: str) -> None:
    with pytest.raises(FetchFailed) as refused:
        AddressGuard().check_url(httpx2.URL(url))
    assert refused.value.problem is FetchProblem.BLOCKED


async def test_what_the_settings_name_is_open_and_nothing_else() -> None:
    by_network = AddressGuard(allow_private=["10.1.0.0/16"], resolver=_resolver(["10.1.2.3"], ["10.2.2.3"]))
    assert await by_network.addresses("a.example", 80) == ["10.1.2.3"]
    with pytest.raises(FetchFailed):
        await by_network.addresses("a.example", 80)
    by_host = AddressGuard(allow_private=["Intranet.example"], resolver=_resolver(["192.168.3.4"]))
    assert await by_host.addresses("intranet.example", 80) == ["192.168.3.4"]
    with pytest.raises(FetchFailed):
        await by_host.addresses("other.example", 80)
    keys_of_the_cloud = AddressGuard(allow_private=["a.example"], resolver=_resolver(["169.254.169.254"]))
    with pytest.raises(FetchFailed):
        await keys_of_the_cloud.addresses("a.example", 80)


def test_a_wrong_exception_stops_the_start() -> None:
    for entry in ("10.0.0.0/99", "not a host", "127.1"):
        with pytest.raises(SettingsError, match="ALLOW_PRIVATE"):
            AddressGuard(allow_private=[entry])


async def test_the_connection_goes_to_the_address_that_was_checked(served: Served) -> None:
    """The name is resolved once per connection: what it means a moment later does not matter."""
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.2"] if len(asked) == 1 else ["169.254.169.254"]

    guard = AddressGuard(allow_private=["127.0.0.0/8"], ports=[served.port], resolver=rebinding)
    connected: list[str] = []

    class Watching(httpcore2.AnyIOBackend):
        async def connect_tcp(self, host: str, port: int, *others: object, **more: object):  # type: ignore[no-untyped-def]
            connected.append(host)
            return await super().connect_tcp("127.0.0.1", port)

    backend = PinnedBackend(guard)
    backend._network = Watching()
    stream = await backend.connect_tcp("shop.example", served.port)
    await stream.aclose()
    assert (asked, connected) == (["shop.example"], ["127.0.0.2"])
    with pytest.raises(FetchFailed, match=r"169\.254\.169\.254"):
        await backend.connect_tcp("shop.example", served.port)
    assert len(connected) == 1


async def test_the_server_sees_the_name_and_not_the_address(served: Served) -> None:
    served.site.page("/", "Home", "Hello")
    guard = AddressGuard(allow_private=["127.0.0.1"], ports=[served.port], resolver=_resolver(["127.0.0.1"]))
    async with Fetcher(guard, user_agent="Percorso/test", seconds=5).open() as fetcher:
        answer = await fetcher.get(f"http://shop.example:{served.port}/", wanted=lambda *_: 10_000)
    assert answer.status == 200
    assert served.site.requests[0]["host"] == f"shop.example:{served.port}"


async def test_a_host_without_address_is_named() -> None:
    async def nothing(host: str, port: int) -> Sequence[str]:
        raise OSError("no such host")

    with pytest.raises(FetchFailed, match=r"no host called gone\.example") as failed:
        await AddressGuard(resolver=nothing).addresses("gone.example", 80)
    assert failed.value.problem is FetchProblem.DNS
