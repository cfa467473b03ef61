from __future__ import annotations

import pytest

from refimpl.errors import InvalidReferenceError
from refimpl.oci.reference import parse, parse_digest

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("ab", "index.docker.io/library/ab:latest"),
        ("org/app", "index.docker.io/org/app:latest"),
        ("docker.io/ab", "index.docker.io/library/ab:latest"),
        ("docker.io/org/app:1", "index.docker.io/org/app:1"),
        ("quay.io/app:V-1_x.2", "quay.io/app:V-1_x.2"),
        ("localhost/app", "localhost/app:latest"),
        ("localhost:5000/a/b", "localhost:5000/a/b:latest"),
        ("localhost:5000/a/b:t", "localhost:5000/a/b:t"),
        ("[::1]:5000/app", "[::1]:5000/app:latest"),
        ("..", "index.docker.io/library/..:latest"),
        ("a.example.:1/app", "a.example.:1/app:latest"),
        ("b\u00fcro.example/app", "b\u00fcro.example/app:latest"),
        (f"{'a' * 63}.example/app", f"{'a' * 63}.example/app:latest"),
        ("quay.io//app/", "quay.io//app/:latest"),
        (f"quay.io/{'a' * 255}:{'t' * 128}", f"quay.io/{'a' * 255}:{'t' * 128}"),
        (f"localhost:5000/app@{DIGEST}", f"localhost:5000/app@{DIGEST}"),
        (f"localhost:5000/app:tag@{DIGEST}", f"localhost:5000/app@{DIGEST}"),
        (f"ab@{DIGEST}", f"index.docker.io/library/ab@{DIGEST}"),
    ],
)
def test_full_form(text: str, full: str) -> None:
    found = parse(text)
    assert str(found) == full
    assert found.text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "BAD",
        "re po",
        "ab:",
        "ab:t!",
        f"ab:{'t' * 129}",
        f"ab@sha256:{'a' * 63}",
        f"ab@sha256:{'A' * 64}",
        f"ab@sha512:{'a' * 128}",
        f"ab@{DIGEST}@{DIGEST}",
        f"ab:!@{DIGEST}",
        "us er@host/app",
        "quay.io/App",
        "quay.io/",
        f"quay.io/{'a' * 256}",
        "[::x]:1/app",
        "[fe80::1%25lo]:1/app",
        "[::1]x/app",
        "::1/app",
        "LOCALHOST/app",
        "./local.tar",
        "../x/y:z",
        "a..b/app:v1",
        ".a.example/app",
        "a.example../app",
        f"{'a' * 64}.example/app",
        "\u00e9" * 60 + ".example/app",
        f"{'a.' * 127}/app",
        "x\udcff.example/app",
        "x.example/app\udcff",
        "x.example#/app",
        "x.example?/app",
        "user@x.example/app",
        "x.example:port/app",
        "x.exa\tmple/app",
        "https://x.example:1/app",
        "a%2e.b/app",
        "ab\n",
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(InvalidReferenceError) as caught:
        parse(text)
    assert str(caught.value) == f"could not parse reference: {text}"


def test_a_digest_can_be_demanded() -> None:
    assert parse_digest(f"quay.io/app:v1@{DIGEST}").tag is None
    with pytest.raises(InvalidReferenceError):
        parse_digest("quay.io/app:v1")


def test_relatives() -> None:
    ref = parse("quay.io/app:v1")
    assert (ref.identifier, ref.tag, ref.digest) == ("v1", "v1", None)
    assert str(ref.at(DIGEST)) == f"quay.io/app@{DIGEST}"
    assert ref.at(DIGEST).identifier == DIGEST
    assert str(ref.at(DIGEST).with_tag("x.sig")) == "quay.io/app:x.sig"
