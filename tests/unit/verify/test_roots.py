"""Files of roots of trust: what is wrong is told with the file and the variable that names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ec_acceptance.testbed.rekor import Log
from ec_acceptance.testbed.signing import KeyPair
from ec_acceptance.testbed.sigstore.ca import pem_chain
from ec_acceptance.testbed.sigstore.instance import Sigstore
from refimpl.deadline import Deadline
from refimpl.errors import KeyMaterialError
from refimpl.policy.config import Identity
from refimpl.verify.roots import Roots

if TYPE_CHECKING:
    from pathlib import Path

_KEY = KeyPair.derive("test", "log")
_CHAIN = pem_chain(Sigstore(lambda name: KeyPair.derive("test", name), Log(_KEY)).authority.chain)
_GOOD = {
    "SIGSTORE_ROOT_FILE": _CHAIN,
    "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE": _KEY.public_pem,
    "SIGSTORE_REKOR_PUBLIC_KEY": _KEY.public_pem,
    "SIGSTORE_TSA_CERTIFICATE_FILE": _CHAIN,
}


@pytest.mark.parametrize("variable", _GOOD)
@pytest.mark.parametrize(
    "text",
    ["junk", _CHAIN[:80], "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
    ids=["no PEM", "half", "no certificate"],
)
def test_a_malformed_file_is_named(tmp_path: Path, variable: str, text: str) -> None:
    environ = {}
    for name, good in _GOOD.items():
        path = tmp_path / f"{name}.pem"
        path.write_text(text if name == variable else good)
        environ[name] = str(path)
    roots = Roots(environ, Deadline(10))
    needed = roots.logs if variable == "SIGSTORE_REKOR_PUBLIC_KEY" else lambda: roots.signer(Identity("a", "", "b"))
    with pytest.raises(KeyMaterialError) as refused:
        needed()
    assert str(refused.value).endswith(f" ({variable}: {environ[variable]})")
