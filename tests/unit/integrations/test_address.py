"""Which addresses a connector may reach."""

import pytest

from remit.errors import AddressRefusedError, SettingsError
from remit.integrations.address import Host, host_of, listed, require_allowed

PUBLIC = Host(name="shop.example")
LOOPBACK = Host(name="localhost", port=8100, loopback=True)
PRIVATE = Host(name="erp.example", private=True)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.8", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0",
        "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.8", "64:ff9b::7f00:1", "64:ff9b::808:808",
        "2002:7f00:1::", "ff02::1",
    ],
)  # fmt: skip
def test_a_public_host_never_stands_for_an_inner_address(address: str) -> None:
    with pytest.raises(AddressRefusedError):
        require_allowed(["93.184.216.34", address], PUBLIC)


def test_a_public_host_stands_for_public_addresses() -> None:
    require_allowed(["93.184.216.34", "2606:2800:220:1::1"], PUBLIC)


@pytest.mark.parametrize("address", ["10.0.0.8", "93.184.216.34", "::ffff:10.0.0.8"])
def test_a_loopback_host_stands_for_this_machine_only(address: str) -> None:
    require_allowed(["127.0.0.1", "::1"], LOOPBACK)
    with pytest.raises(AddressRefusedError):
        require_allowed([address], LOOPBACK)


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "0.0.0.0", "::1", "fe80::1"])
def test_a_private_host_stands_for_the_own_network_but_no_special_address(address: str) -> None:
    require_allowed(["10.0.0.8", "fd00::8"], PRIVATE)
    with pytest.raises(AddressRefusedError):
        require_allowed([address], PRIVATE)


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/", "https://shop.example:8443/", "https://shop.example.evil.example/",
        "https://key@shop.example/", "ftp://shop.example/", "https:///orders", "shop.example",
        "https://shop.example:port/", "file:///etc/passwd", "http://erp.example/",
    ],
)  # fmt: skip
def test_an_address_off_the_list_is_refused(url: str) -> None:
    with pytest.raises(AddressRefusedError):
        listed(url, [PUBLIC, LOOPBACK, PRIVATE])


def test_a_listed_address_is_found_by_name_and_port() -> None:
    assert listed("https://shop.example/orders?x=1", [LOOPBACK, PUBLIC]) == PUBLIC
    assert listed("http://localhost:8100/orders", [LOOPBACK, PUBLIC]) == LOOPBACK


def test_the_host_of_an_unencrypted_address_must_be_meant() -> None:
    with pytest.raises(SettingsError, match="plain = true"):
        host_of("http://shop.example")
    with pytest.raises(SettingsError, match="not an http address"):
        host_of("shop.example")
    assert host_of("http://shop.example", plain=True).port == 80
    assert host_of("http://127.0.0.1:8100", loopback=True).port == 8100
