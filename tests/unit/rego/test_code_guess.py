"""What an un-annotated rule is taken to report (recorded from the real command)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refimpl.rego.host import Host

if TYPE_CHECKING:
    from pathlib import Path

_RULE = """package first.second

import rego.v1

deny contains result if {
	empty := {"code": ""}
	result := {"code": "named.code", "msg": empty.code}
}

warn contains result if {
	result := {"code": "", "msg": "no code"}
}
"""


def test_an_empty_code_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "main.rego").write_text(_RULE)
    with Host.start() as host:
        codes = {entry.name: entry.code for entry in host.inspect(tmp_path)}
    assert codes == {"deny": "named.code", "warn": "first.warn"}
