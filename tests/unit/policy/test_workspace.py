from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from refimpl.errors import PolicyError
from refimpl.policy.config import Policy, SourceGroup
from refimpl.policy.sources.fetcher import Fetched, Fetcher
from refimpl.policy.sources.workspace import Workspace, fetch_sources, pinned_policy

if TYPE_CHECKING:
    from pathlib import Path


def test_the_directory_goes_with_the_context(tmp_path: Path) -> None:
    with Workspace({"TMPDIR": str(tmp_path)}) as workspace:
        assert workspace.path.parent == tmp_path
        assert re.fullmatch(r"ec-work-[0-9]{1,10}", workspace.path.name)
        (workspace.path / "data").mkdir()
    assert not workspace.path.exists()


def test_the_directory_stays_for_debugging(tmp_path: Path) -> None:
    with Workspace({"TMPDIR": str(tmp_path), "EC_DEBUG": "no"}) as workspace:
        pass
    assert workspace.path.is_dir()


def test_without_a_place_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="unable to make a working directory"):
        Workspace({"TMPDIR": str(tmp_path / "nothing")})


def test_a_group_gets_its_own_documents(tmp_path: Path) -> None:
    one, two = Fetched(tmp_path / "one", "one"), Fetched(tmp_path / "two", "two")
    group = SourceGroup(policy=("a", "b", "a"), data=("b", "b"), rule_data={"k": "<é>"})
    with Workspace({"TMPDIR": str(tmp_path)}) as workspace:
        directories = workspace.directories(group, {"a": one, "b": two}, {"policy": {"when_ns": 5}})
        assert directories.policy == (one.path, two.path, one.path)
        config, data, rules = directories.data
        assert data == two.path
        assert config == workspace.path / "data" / "config"
        assert json.loads((config / "config.json").read_text()) == {"config": {"policy": {"when_ns": 5}}}
        # the identifier is that of the contract for this content
        assert rules.parent == workspace.path / "data"
        assert (rules / "rule_data.json").read_text("utf-8") == (
            '{"rule_data__configuration__":{"k":"\\u003cé\\u003e"}}'
        )


def test_groups_with_equal_rule_data_share_it_and_others_dont(tmp_path: Path) -> None:
    with Workspace({"TMPDIR": str(tmp_path)}) as workspace:
        places = [
            workspace.directories(SourceGroup(rule_data=rule_data), {}, {}).data[1:]
            for rule_data in ({"a": 1}, {"a": 1}, {"a": 2}, {}, None)
        ]
    assert places[0] == places[1] != places[2]
    assert len(places[3]) == 1
    assert places[4] == ()


def test_all_sources_are_fetched_and_pinned(tmp_path: Path) -> None:
    for name in ("pol", "data"):
        (tmp_path / name).mkdir()
    policy = Policy(
        sources=(
            SourceGroup(policy=(f"{tmp_path}/pol",), data=(f"{tmp_path}/data",)),
            SourceGroup(policy=(f"file://{tmp_path}/pol",)),
        )
    )
    with Workspace({"TMPDIR": str(tmp_path)}) as workspace:
        fetcher = Fetcher(workspace.path, registry=None, environ={})  # type: ignore[arg-type]  # no source needs one
        fetched = fetch_sources(policy, fetcher)
        pinned = pinned_policy(policy, fetched)
        assert pinned.spec == {
            "sources": [
                {"policy": [f"file::{tmp_path}/pol"], "data": [f"file::{tmp_path}/data"]},
                {"policy": [f"file::{tmp_path}/pol"]},
            ]
        }


def test_the_first_missing_source_is_told_rules_before_data_group_by_group(tmp_path: Path) -> None:
    (tmp_path / "pol").mkdir()
    policy = Policy(
        sources=(
            SourceGroup(policy=(f"{tmp_path}/pol",), data=("./no-data",)),
            SourceGroup(policy=("./no-policy",)),
        )
    )
    with Workspace({"TMPDIR": str(tmp_path)}) as workspace:
        fetcher = Fetcher(workspace.path, registry=None, environ={})  # type: ignore[arg-type]  # no source needs one
        with pytest.raises(PolicyError, match=r"stat \./no-data: no such file"):
            fetch_sources(policy, fetcher)


def test_who_reads_a_document_while_another_group_is_gathered_sees_it_whole(tmp_path: Path) -> None:
    with Workspace({"TMPDIR": str(tmp_path)}) as workspace:
        [place] = workspace.directories(SourceGroup(), {}, {"a": 1}).data
        with (place / "config.json").open(encoding="utf-8") as reading:
            workspace.directories(SourceGroup(), {}, {"a": 2})
            assert json.load(reading) == {"config": {"a": 1}}
        assert json.loads((place / "config.json").read_text()) == {"config": {"a": 2}}
        assert [path.name for path in place.iterdir()] == ["config.json"]


def test_a_document_that_is_there_is_left_alone(tmp_path: Path) -> None:
    with Workspace({"TMPDIR": str(tmp_path)}) as workspace:
        [place] = workspace.directories(SourceGroup(), {}, {"a": 1}).data
        before = (place / "config.json").stat().st_ino
        workspace.directories(SourceGroup(), {}, {"a": 1})
        assert (place / "config.json").stat().st_ino == before


def test_a_group_without_rules_never_compiles_those_of_others(tmp_path: Path) -> None:
    with Workspace({"TMPDIR": str(tmp_path)}) as workspace:
        (workspace.path / "policy" / "other").mkdir(parents=True)
        directories = workspace.directories(SourceGroup(), {}, {})
        [empty] = directories.compiled
        assert empty.name == "policy"
        assert list(empty.iterdir()) == []
        assert directories.policy == ()
        assert workspace.directories(SourceGroup(), {}, {}).compiled == (empty,)


def test_each_directory_is_compiled_once(tmp_path: Path) -> None:
    one = Fetched(tmp_path / "one", "one")
    with Workspace({"TMPDIR": str(tmp_path)}) as workspace:
        assert workspace.directories(SourceGroup(policy=("a", "a")), {"a": one}, {}).compiled == (one.path,)
