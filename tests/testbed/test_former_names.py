from __future__ import annotations

from importlib import import_module

import pytest

from ec_acceptance.testbed import signing


@pytest.mark.parametrize(
    ("former", "name", "part"),
    [
        ("http", "servers.http", "Server"),
        ("git", "servers.git", "GitServer"),
        ("cluster", "servers.cluster", "ClusterServer"),
        ("tls", "servers.certificates", "Authority"),
        ("images", "fixtures.images", "Image"),
        ("archive", "fixtures.archive", "tar"),
    ],
)
def test_a_module_is_found_by_its_former_name(former: str, name: str, part: str) -> None:
    testbed = "ec_acceptance.testbed"
    assert getattr(import_module(f"{testbed}.{former}"), part) is getattr(import_module(f"{testbed}.{name}"), part)


def test_the_parts_of_signing_are_found_by_their_former_names() -> None:
    assert signing.attached is signing.attach
    assert signing.attached_tag is signing.attachment_tag
    assert signing.KeyPair.derived("a", "b").public_pem == signing.KeyPair.derive("a", "b").public_pem
