"""Policies and what they say: configurations, rule answers, package URLs, times."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from fuzz import seeds
from fuzz.target import target
from refimpl.errors import PolicyError
from refimpl.evaluation import dates
from refimpl.evaluation.candidate import check, read_candidates
from refimpl.evaluation.criteria import Criteria
from refimpl.evaluation.selection import intention
from refimpl.golang import instant, jsontext, yamltext
from refimpl.golang.document import DocumentError, parse
from refimpl.policy import config
from refimpl.policy.rule_data import with_extra_rule_data
from refimpl.rego.builtins import purl

if TYPE_CHECKING:
    from collections.abc import Iterable

_NO_ERROR = ValueError


def _policies() -> Iterable[bytes]:
    policy: dict[str, Any] = {
        "name": "n",
        "sources": [
            {
                "policy": ["git::https://host.test/policies.git//a?ref=main"],
                "data": ["oci::registry.test/data:v1"],
                "ruleData": {"a": [1.50, None, "x"]},
                "config": {"include": ["a.b", "@c"], "exclude": []},
                "volatileConfig": {"exclude": [{"value": "a.b", "effectiveUntil": "2030-01-01T00:00:00Z"}]},
            }
        ],
        "configuration": {"collections": ["c"]},
        "publicKey": "k8s://ns/key",
        "identity": {"issuer": "i", "subject": "s"},
        "rekorUrl": "https://rekor.test",
    }
    yield seeds.encode(policy)
    yield seeds.encode(
        {"apiVersion": "appstudio.redhat.com/v1alpha1", "kind": "EnterpriseContractPolicy", "spec": policy}
    )
    yield b"""name: n
sources:
  - policy: [a]
    ruleData: {a: 1.50, b: 2020-01-01, c: ~}
    data:
      - &x b
      - *x
"""


class _Cluster:
    def __init__(self, spec: Any = None) -> None:
        self._spec = spec

    def policy(self, reference: str) -> Any:
        if not isinstance(self._spec, dict):
            raise PolicyError(f"{reference} isn't there")
        return self._spec


@target(
    "policy", _policies, "sources:", "ruleData", "&a", "*a", "<<: ", "? ", "|\n", "%YAML 1.2\n---\n", "!!binary ", "- "
)
def _policy(data: bytes) -> None:
    policy = config.decode_policy(data.decode("utf-8", "surrogateescape"), cluster=_Cluster())
    jsontext.dumps(policy.spec).encode()


@target(
    "cluster-policy",
    _policies,
    "sources",
    "ruleData",
    "volatileConfig",
    "pipeline_intention",
    "null",
    refuses=(DocumentError,),
)
def _cluster_policy(data: bytes) -> None:
    """No schema is held against it: what comes of it is asked for, as a run does."""
    spec = parse(data).value
    policy = config.decode_policy("release", cluster=_Cluster(spec))
    for group in policy.sources:
        Criteria.of(group, policy.configuration, time_ns=1 << 60)
        intention(group.rule_data)
    jsontext.dumps(with_extra_rule_data(policy, ["a=1"], str).spec).encode()


@target(
    "yaml",
    _policies,
    "&a",
    "*a",
    "<<: ",
    "? ",
    "- ",
    "|\n",
    ">-\n",
    "%TAG ! x\n",
    "...",
    "0o17",
    ".inf",
    "1:30",
    refuses=(_NO_ERROR,),
)
def _yaml(data: bytes) -> None:
    jsontext.dumps(yamltext.loads(data)).encode()


def _answers() -> Iterable[bytes]:
    full = {
        "msg": "no",
        "code": "main.deny",
        "term": ["a", 1],
        "collections": ["c"],
        "effective_on": "2024-01-01T00:00:00Z",
        "severity": "failure",
        "depends_on": ["x.y"],
        "_loc": {"file": "x", "line": 1},
        "solution": "s",
    }
    yield seeds.encode([full, "text", {"msg": "m"}])


@target(
    "rule-answer",
    _answers,
    "effective_on",
    "msg",
    "collections",
    "term",
    "1e400",
    refuses=(json.JSONDecodeError, RecursionError),
)
def _answer(data: bytes) -> None:
    values = json.loads(data.decode("utf-8", "replace"), parse_int=_number)
    if isinstance(values, list):
        read_candidates(values, {}, time_ns=0, opa=True)
        check(values)
        for candidate in read_candidates(values, {}, time_ns=0):
            candidate.texts()
            candidate.complain()


def _number(text: str) -> Any:
    return int(text) if len(text) < 4000 else 0


def _packages() -> Iterable[bytes]:
    yield b"pkg:golang/github.com/a/b@v1.2.3?arch=amd64&checksum=sha1:ab,sha256:cd#sub/path"
    yield b"pkg:npm/%40scope/name@1.0"
    yield b"pkg:oci/app@sha256:ab?repository_url=quay.io/app&tag=v1"


@target("package-url", _packages, "pkg:", "%2F", "?a=b&a=c", "#../x", "@", "//", refuses=(purl.InvalidPackageError,))
def _package(data: bytes) -> None:
    purl.package(data.decode("utf-8", "surrogateescape"))


def _times() -> Iterable[bytes]:
    yield from (
        b"2024-01-01T00:00:00Z",
        b"2024-02-29",
        b"1677-09-21T00:12:43.145224192+01:30",
        b"9999-12-31T23:59:60-23:59",
    )


@target("time", _times, "T", "Z", "+24:00", "-0001", "٣", refuses=(instant.TimeSyntaxError,))
def _time(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    dates.parse_date_or_time(text)
    dates.parse_utc(text)
    nanoseconds = instant.parse(text)
    with suppress(ValueError):  # an offset leads out of the years that can be written
        assert instant.parse(instant.format_rfc3339(nanoseconds)) == nanoseconds
