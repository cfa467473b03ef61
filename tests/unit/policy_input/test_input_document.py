from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from refimpl.policy_input.document import InputDocuments, compact


@dataclass
class Signature:
    keyid: str

    def to_json(self) -> dict[str, Any]:
        return {"keyid": self.keyid, "sig": "c2ln"}


@dataclass
class Attestation:
    statement: bytes
    signatures: tuple[Signature, ...] = ()


SNAPSHOT = {"application": "", "components": [{"name": "one", "containerImage": "r/a", "source": {}}], "artifacts": {}}
DOCUMENTS = InputDocuments(SNAPSHOT, {"publicKey": "<key>"})
TAIL = (
    '"snapshot":{"application":"","components":[{"name":"one","containerImage":"r/a","source":{}}],"artifacts":{}},'
    '"component_name":"one","policy_spec":{"publicKey":"\\u003ckey\\u003e"}}'
)


def test_the_least_that_a_document_has() -> None:
    document = DOCUMENTS.document(ref="r/a@d", component_name="", attestations=[])
    assert document.decode() == '{"attestations":[],"image":{"ref":"r/a@d","source":{}},' + TAIL.replace(
        '"component_name":"one",', ""
    )


def test_all_that_a_document_has_in_its_order() -> None:
    document = DOCUMENTS.document(
        ref="r/a@d",
        component_name="one",
        attestations=[Attestation(b'{ "b": 1.50, "a": 1e3 }', (Signature("k"),)), Attestation(b"{}")],
        signatures=[Signature("")],
        config={},
        parent={"ref": "r/base@d", "config": {"User": "u"}},
        files={"manifests/x.yaml": {"a": 1}},
        source={"git": {"url": "u"}},
    )
    assert document.decode() == (
        '{"attestations":[{"statement":{"b":1.50,"a":1e3},"signatures":[{"keyid":"k","sig":"c2ln"}]},{"statement":{}}],'
        '"image":{"ref":"r/a@d","signatures":[{"keyid":"","sig":"c2ln"}],"config":{},'
        '"parent":{"ref":"r/base@d","config":{"User":"u"}},"files":{"manifests/x.yaml":{"a":1}},'
        '"source":{"git":{"url":"u"}}},' + TAIL
    )


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b' {\n\t"a" : [ 1 , 2 ] ,\r"b c" : " d  e " } ', b'{"a":[1,2],"b c":" d  e "}'),
        (rb'{"a\\" : "\\\" b", "\" c" : 1}', rb'{"a\\":"\\\" b","\" c":1}'),
        (rb'["\\\\" , "x y"]', rb'["\\\\","x y"]'),
        (
            '["<a> & b", "\u2028\u2029 é"]'.encode(),
            rb'["\u003ca\u003e \u0026 b","\u2028\u2029 ' + 'é"]'.encode(),
        ),
        (rb'["\u00e9"]', rb'["\u00e9"]'),
        (b"[1.50, -0, 1E400, 12345678901234567890]", b"[1.50,-0,1E400,12345678901234567890]"),
        (b'["\xff"]', b'["\xff"]'),
    ],
)
def test_compacted(raw: bytes, expected: bytes) -> None:
    assert compact(raw) == expected


def test_compacting_changes_no_value() -> None:
    document = json.dumps({'k"\\ ': ['"', "\\", '\\\\ " ', " ", {}]}, indent=3).encode()
    assert json.loads(compact(document)) == json.loads(document)
