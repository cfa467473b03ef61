from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from refimpl.errors import PolicyError
from refimpl.golang.jsontext import dumps
from refimpl.policy.config import Identity, Policy, SourceGroup, decode_policy, resolve
from refimpl.policy.sources.fetcher import Fetched

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

UNREADABLE = "unable to parse EnterpriseContractPolicySpec: "


@dataclass
class Cluster:
    spec: Mapping[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def policy(self, reference: str) -> Mapping[str, Any]:
        self.asked.append(reference)
        return self.spec


@dataclass
class Downloads:
    path: Path
    asked: list[tuple[str, str]] = field(default_factory=list)

    def fetch(self, url: str, kind: str) -> Fetched:
        self.asked.append((url, kind))
        return Fetched(self.path, f"pinned {url}")


def decode(text: str) -> Policy:
    cluster = Cluster()
    policy = decode_policy(text, cluster=cluster)
    assert not cluster.asked
    return policy


def refusal(text: str) -> str:
    with pytest.raises(PolicyError) as told:
        decode(text)
    return str(told.value)


class TestResolve:
    def test_a_brace_begins_the_document_itself(self, tmp_path: Path) -> None:
        downloads = Downloads(tmp_path)
        text = '{"sources":[{"policy":["github.com/a/b"]}]}'
        assert resolve(text, fetcher=downloads) == text
        assert not downloads.asked

    @pytest.mark.parametrize("url", ["git::https://h/r", "github.com/a/b", "https://h/policy.yaml", "git@h:o/r"])
    def test_git_and_web_addresses_are_fetched(self, tmp_path: Path, url: str) -> None:
        (tmp_path / "policy.yml").write_text("name: plain")
        (tmp_path / ".ec").mkdir()
        (tmp_path / ".ec" / "policy.yaml").write_text("name: hidden")
        downloads = Downloads(tmp_path)
        assert resolve(url, fetcher=downloads) == "name: hidden"
        assert downloads.asked == [(url, "config")]

    def test_a_repository_without_a_policy_is_named_by_its_pinned_url(self, tmp_path: Path) -> None:
        (tmp_path / "p.yaml").write_text("name: other")
        with pytest.raises(PolicyError, match=r"^no suitable config file found at pinned git::https://h/r$"):
            resolve("git::https://h/r", fetcher=Downloads(tmp_path))

    def test_an_existing_file_wins_over_a_git_host_in_its_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "github.com.yaml").write_text("name: file")
        assert resolve("github.com.yaml", fetcher=Downloads(tmp_path)) == "name: file"

    def test_files_are_read_by_their_ending(self, tmp_path: Path) -> None:
        for name in ("p.json", "p.yaml", "p.yml"):
            (tmp_path / name).write_text(name)
            assert resolve(f"{tmp_path}/{name}", fetcher=Downloads(tmp_path)) == name
        (tmp_path / "p.YAML").write_text("never")
        assert resolve(f"{tmp_path}/p.YAML", fetcher=Downloads(tmp_path)) == f"{tmp_path}/p.YAML"

    def test_what_cannot_be_read_is_told_as_the_system_does(self, tmp_path: Path) -> None:
        (tmp_path / "empty.json").touch()
        (tmp_path / "d.yaml").mkdir()
        for name, error in (
            ("empty.json", f"file {tmp_path}/empty.json is empty"),
            ("d.yaml", f"read {tmp_path}/d.yaml: is a directory"),
            ("no.yaml", f"open {tmp_path}/no.yaml: no such file or directory"),
        ):
            with pytest.raises(PolicyError) as told:
                resolve(f"{tmp_path}/{name}", fetcher=Downloads(tmp_path))
            assert str(told.value) == error

    def test_everything_else_stays(self, tmp_path: Path) -> None:
        for text in ("", "ns/name", "name: x", "nope.yaml", "oci::h/r"):
            assert resolve(text, fetcher=Downloads(tmp_path)) == text


class NoCluster:
    def policy(self, _: str) -> dict[str, Any]:
        raise PolicyError("no cluster")


class TestDecode:
    def test_nothing_is_an_empty_policy(self) -> None:
        assert decode("") == Policy()
        assert decode("# no: content") == Policy()

    def test_text_without_a_colon_is_a_name_in_the_cluster(self) -> None:
        cluster = Cluster({"publicKey": "k", "unknown": 1, "sources": [{"data": ["d"], "extra": 2}]})
        policy = decode_policy("ns/name", cluster=cluster)
        assert cluster.asked == ["ns/name"]
        assert policy.spec == {"sources": [{"data": ["d"]}], "publicKey": "k"}

    def test_a_cluster_policy_of_the_wrong_form_is_told(self) -> None:
        with pytest.raises(PolicyError, match="unable to fetch EnterpriseContractPolicy: json: cannot unmarshal"):
            decode_policy("name", cluster=Cluster({"sources": {}}))

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("absent.yaml", r'no such file: "absent\.yaml"'),
            ("a/b/c", 'no such file: "a/b/c"'),
            ("x" * 5000, 'no such file: "x{200}"'),
            ("a\0b", r'no such file: "a\\x00b"'),
            (".", r'"\." is a directory'),
            (__file__, r'"[^"]*\.py" is a file whose name doesn.t end in \.json, \.yaml or \.yml'),
        ],
    )
    def test_what_is_neither_file_nor_in_the_cluster_is_told_as_both(self, name: str, why: str) -> None:
        with pytest.raises(PolicyError, match=rf"^no cluster \({why}; it was taken for a name in the cluster\)$"):
            decode_policy(name, cluster=NoCluster())

    def test_a_custom_resource_brings_its_spec(self) -> None:
        text = "apiVersion: v1\nkind: Other\nmetadata: {name: 5}\nspec: {name: x}\nother: 1"
        assert decode(text).spec == {"name": "x"}

    @pytest.mark.parametrize(
        "text", ["spec: {name: x}", "apiVersion: 5\nspec: {name: x}", "apiVersion: a\nmetadata: 5\nspec: {name: x}"]
    )
    def test_a_spec_outside_of_a_resource_is_checked_and_dropped(self, text: str) -> None:
        assert decode(text) == Policy()
        assert "additionalProperties 'nome' not allowed" in refusal(text.replace("name: x", "nome: x"))

    def test_a_spec_that_is_no_map_is_told(self) -> None:
        assert refusal('{"spec":5}') == "spec is not a valid map structure"
        assert refusal('{"apiVersion":"x","spec":null}') == "spec is not a valid map structure"

    def test_what_cannot_be_decoded_is_told(self) -> None:
        assert refusal('"a: b"') == (
            UNREADABLE + "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into "
            "Go value of type v1alpha1.EnterpriseContractPolicySpec"
        )

    @pytest.mark.parametrize(
        "text", ["a: [", "a: b: c", "a: .inf", "a: {[1]: 2}", '{"name": "\\ud800"}', "\udcff: x", "a: \t@"]
    )
    def test_what_is_no_yaml_is_one_line(self, text: str) -> None:
        told = refusal(text)
        assert told.startswith(UNREADABLE + "error converting YAML to JSON: yaml: ")
        assert "\n" not in told

    def test_escaped_pairs_are_characters(self) -> None:
        assert decode('{"name": "\\ud83d\\ude00"}').name == "😀"

    def test_a_schema_problem_is_logged_too(self, caplog: pytest.LogCaptureFixture) -> None:
        told = refusal('{"foo":1}')
        assert told.endswith("additionalProperties 'foo' not allowed")
        assert [(record.levelno, record.getMessage()) for record in caplog.records] == [(logging.ERROR, told)]

    def test_the_report_shows_members_in_their_order_without_empty_ones(self) -> None:
        text = """
          identity: {issuerRegExp: a, subject: ""}
          publicKey: k
          rekorUrl: r
          configuration: {include: []}
          description: ""
          name: shown
          sources:
          - volatileConfig: {include: [{reference: q, value: ""}], exclude: []}
            config: {}
            ruleData: {b: 1.50, a: 010}
            data: []
            policy: [p]
            name: ""
        """
        assert dumps(decode(text).spec) == (
            '{"name":"shown","sources":[{"policy":["p"],"ruleData":{"a":8,"b":1.5},"config":{},'
            '"volatileConfig":{"include":[{"value":"","reference":"q"}]}}],'
            '"configuration":{},"rekorUrl":"r","publicKey":"k","identity":{"issuerRegExp":"a"}}'
        )


class TestOverrides:
    own = Policy(public_key="own.pub", rekor_url="own", identity={"subject": "s", "issuer": "i"})

    def test_flags_replace(self) -> None:
        changed = self.own.overridden(rekor_url="flag", public_key="flag.pub", identity=Identity(subject="x"))
        assert (changed.rekor_url, changed.public_key, changed.keyless) == ("flag", "flag.pub", None)
        assert changed.identity == self.own.identity

    def test_without_flags_all_stays(self) -> None:
        assert self.own.overridden() == self.own

    def test_an_identity_by_flag_takes_the_key_away(self) -> None:
        flags = Identity(subject_regexp="x", issuer_regexp="y")
        changed = self.own.overridden(identity=flags)
        assert (changed.public_key, changed.keyless) == ("", flags)
        assert changed.spec["identity"] == {"subject": "s", "issuer": "i"}

    def test_the_policys_identity_counts_without_flags(self) -> None:
        changed = Policy(identity={"subject": "s", "issuerRegExp": "i"}).overridden()
        assert changed.keyless == Identity(subject="s", issuer_regexp="i")

    def test_all_that_is_missing_of_an_identity_is_told(self) -> None:
        issuer = "certificate OIDC issuer must be provided for keyless workflow"
        subject = "certificate identity must be provided for keyless workflow"
        for identity, error in (
            (Identity(), f"{issuer}\n{subject}"),
            (Identity(subject="x"), issuer),
            (Identity(issuer="x"), subject),
        ):
            with pytest.raises(PolicyError) as told:
                Policy().overridden(identity=identity)
            assert str(told.value) == error


def test_pinning_replaces_the_urls_that_are_known() -> None:
    policy = Policy(sources=(SourceGroup(policy=("a", "b"), data=("a",)), SourceGroup(data=("c",))))
    pinned = policy.with_sources({"a": "A", "c": "C"})
    assert [(group.policy, group.data) for group in pinned.sources] == [(("A", "b"), ("A",)), ((), ("C",))]
