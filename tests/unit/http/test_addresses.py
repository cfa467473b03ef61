from __future__ import annotations

import pytest

from refimpl.http.addresses import is_inside


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "localhost.localdomain",
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "0x7f000001",
        "0X7F.1",
        "017700000001",
        "2130706433",
        "0",
        "0.0",
        "%3127.0.0.1",
        "\uff11\uff12\uff17\u3002\uff10.0.1",
        "\u24db\u24dec\u24d0lhost",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "3232235777",
        "169.254.169.254",
        "0xa9fea9fe",
        "224.0.0.1",
        "::",
        "::1",
        "[::1]",
        "0:0:0:0:0:0:0:1",
        "::ffff:127.0.0.1",
        "::ffff:a9fe:a9fe",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "2002:7f00:1::",
        "2002:a01:203::1",
        "fec0::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "ff02::1",
    ],
)
def test_inside(host: str) -> None:
    assert is_inside(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "quay.io",
        "gitlab.local",
        "localhost.example",
        "notlocalhost",
        "face.feed",
        "1.1.1.1",
        "172.32.0.1",
        "0x08080808",
        "2001:db8::1",
        "::ffff:8.8.8.8",
        "::8.8.8.8",
        "2002:808:808::1",
        "64:ff9b:1::808:808",
        "1.2.3.4.5",
        "999.1.1.1",
        ":",
        "fe80::x",
    ],
)
def test_outside(host: str) -> None:
    assert not is_inside(host)
