"""Inputs, merging and index expansion; texts recorded from the real command."""

from __future__ import annotations

import itertools
import logging
import os
import re
import threading
from typing import TYPE_CHECKING, Any

import pytest

from refimpl.command_line.options import Options
from refimpl.commands.snapshot import Component, Snapshot, expand_indexes, index_workers, resolve_inputs
from refimpl.errors import InputError, NotFoundError
from refimpl.oci.descriptor import INDEX_TYPES, MANIFEST_TYPES, Descriptor, Manifest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from refimpl.oci.reference import Reference


class _Cluster:
    def __init__(self, specs: Mapping[str, Any] | None = None) -> None:
        self._specs = specs or {}

    def snapshot(self, reference: str) -> Mapping[str, Any]:
        if reference not in self._specs:
            raise InputError(f'snapshots.appstudio.redhat.com "{reference}" not found')
        spec: Mapping[str, Any] = self._specs[reference]
        return spec


def _resolve(**inputs: str) -> Snapshot:
    return resolve_inputs(Options(**inputs), _Cluster())  # type: ignore[arg-type]  # only inputs, and they are texts


def _pairs(snapshot: Snapshot) -> list[tuple[str, str]]:
    return [(component.name, component.container_image) for component in snapshot.components]


def test_without_any_input_there_is_nothing_to_validate() -> None:
    with pytest.raises(InputError, match=r"^neither Snapshot nor image reference provided to validate$"):
        _resolve()


def test_one_image_is_an_unnamed_component() -> None:
    assert _resolve(image="r/a:v1") == Snapshot(components=(Component("Unnamed", "r/a:v1"),))


@pytest.mark.parametrize("text", ["{}", '{"spec":{}}', "null", '{"spec":null}', '{"components":null}', "other: 1"])
def test_a_document_without_components_gives_none(text: str) -> None:
    assert _resolve(json_input=text) == Snapshot()


def test_a_spec_in_any_case_with_converted_scalars_and_no_unknown_members() -> None:
    snapshot = _resolve(
        images="apiVersion: x\nSpec:\n  Application: true\n  displayName: 010\n  y: z\n  COMPONENTS:\n"
        "  - {NAME: 5, containerimage: r/a, extra: 1}\n"
        "  - {name: 1.50, containerImage: r/b, source: {git: {Revision: '1', dockerfileUrl: d, x: y}, z: 1}}\n"
        "  - {name: ~, containerImage: r/c, source: {git: ~}}\n"
        "  - {containerImage: r/d, source: {git: {}}}\n"
    )
    assert snapshot.to_json() == {
        "application": "true",
        "displayName": "8",
        "components": [
            {"name": "5", "containerImage": "r/a", "source": {}},
            {
                "name": "1.5",
                "containerImage": "r/b",
                "source": {"git": {"url": "", "revision": "1", "dockerfileUrl": "d"}},
            },
            {"name": "", "containerImage": "r/c", "source": {}},
            {"name": "", "containerImage": "r/d", "source": {"git": {"url": ""}}},
        ],
        "artifacts": {},
    }


def test_the_members_of_a_git_source_stand_in_their_order() -> None:
    text = (
        '{"components":[{"containerImage":"r/a","source":'
        '{"git":{"dockerfileUrl":"d","devfileUrl":"v","context":"c","revision":"r","url":"u"}}}]}'
    )
    git = _resolve(json_input=text).components[0].source["git"]
    assert list(git.items()) == [
        ("url", "u"),
        ("revision", "r"),
        ("context", "c"),
        ("devfileUrl", "v"),
        ("dockerfileUrl", "d"),
    ]


_JSON = "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("not a file", f"{_JSON} string into Go value of type v1alpha1.SnapshotSpec"),
        ("[]", f"{_JSON} array into Go value of type v1alpha1.SnapshotSpec"),
        ("5", f"{_JSON} number into Go value of type v1alpha1.SnapshotSpec"),
        (
            '{"components":5}',
            f"{_JSON} number into Go struct field SnapshotSpec.components of type []v1alpha1.SnapshotComponent",
        ),
        (
            '{"components":[5]}',
            f"{_JSON} number into Go struct field SnapshotSpec.components of type v1alpha1.SnapshotComponent",
        ),
        (
            '{"components":[{"name":{}}]}',
            f"{_JSON} object into Go struct field SnapshotComponent.components.name of type string",
        ),
        ('{"application":[1]}', f"{_JSON} array into Go struct field SnapshotSpec.application of type string"),
        (
            '{"components":[{"source":5}]}',
            (
                f"{_JSON} number into Go struct field SnapshotComponent.components.source "
                "of type v1alpha1.ComponentSource"
            ),
        ),
        (
            '{"artifacts":5}',
            f"{_JSON} number into Go struct field SnapshotSpec.artifacts of type v1alpha1.SnapshotArtifacts",
        ),
        # The real command takes these two for no components at all, and succeeds.
        ('{"spec":5}', f"{_JSON} number into Go value of type v1alpha1.SnapshotSpec"),
        (
            '{"spec":{"components":5}}',
            f"{_JSON} number into Go struct field SnapshotSpec.components of type []v1alpha1.SnapshotComponent",
        ),
    ],
)
def test_what_is_no_specification_is_told_with_its_place(text: str, cause: str) -> None:
    with pytest.raises(InputError) as caught:
        _resolve(json_input=text)
    assert str(caught.value) == f"unable to parse Snapshot specification from {text}: {cause}"


@pytest.mark.parametrize("text", ["{", "a: b: c", "a: [1", "'", "? [a]\n: b", "\udcff", '{"application":"\\ud800"}'])
def test_what_is_no_yaml_is_an_input_error(text: str) -> None:
    with pytest.raises(InputError) as caught:
        _resolve(images=text)
    start = f"unable to parse Snapshot specification from {text}: error converting YAML to JSON: yaml: "
    assert str(caught.value).startswith(start)


def test_a_spec_that_is_none_leaves_the_documents_own_components() -> None:
    assert _pairs(_resolve(json_input='{"spec":"x","components":[{"containerImage":"r/a"}]}')) == [("", "r/a")]


def test_images_is_a_file_or_the_text_itself(tmp_path: Path) -> None:
    file = tmp_path / "snapshot.yaml"
    file.write_text("components: [{name: é, containerImage: r/a}]", encoding="utf-8")
    assert _pairs(_resolve(images=str(file))) == _pairs(_resolve(images=file.read_text("utf-8"))) == [("é", "r/a")]
    assert _pairs(_resolve(file_path=str(file))) == [("é", "r/a")]
    with pytest.raises(InputError, match=re.escape(f"from {file}: {_JSON} string")):
        _resolve(json_input=str(file))
    with pytest.raises(InputError, match=re.escape(f"from {tmp_path}: {_JSON} string")):
        _resolve(images=str(tmp_path))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("absent.json", "absent.json: no such file or directory"),
        ("absent", "absent: no such file or directory"),
        ("@absent.json", "@absent.json: no such file or directory"),
        (".", ".: is a directory"),
    ],
)
def test_images_that_are_neither_a_file_nor_a_text_are_told_as_both(text: str, why: str) -> None:
    with pytest.raises(InputError) as caught:
        _resolve(images=text)
    assert str(caught.value).startswith(f"unable to parse Snapshot specification from {text}: error ")
    assert str(caught.value).endswith(f" ({why}; it was taken for the specification itself)")


@pytest.mark.parametrize("text", ["[]", "{", "components: 5", "components:\n- 5"])
def test_a_text_that_is_no_path_is_told_as_a_text(text: str) -> None:
    with pytest.raises(InputError) as caught:
        _resolve(images=text)
    assert "it was taken" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        _resolve(file_path=str(tmp_path / "none"))
    assert str(caught.value) == f"open {tmp_path / 'none'}: no such file or directory"
    with pytest.raises(InputError) as caught:
        _resolve(file_path=str(tmp_path))
    assert str(caught.value) == f"read {tmp_path}: is a directory"


def test_a_snapshot_of_the_cluster() -> None:
    cluster = _Cluster({"ns/snap": {"application": "app", "components": [{"name": "c", "containerImage": "r/c"}]}})
    snapshot = resolve_inputs(Options(snapshot="ns/snap", image="r/c"), cluster)
    assert (snapshot.application, _pairs(snapshot)) == ("app", [("c", "r/c")])
    with pytest.raises(InputError, match=r'"ns/nope" not found$'):
        resolve_inputs(Options(snapshot="ns/nope"), cluster)
    with pytest.raises(
        InputError, match=r"^json: cannot unmarshal number into Go struct field SnapshotSpec\.components"
    ):
        resolve_inputs(Options(snapshot="bad"), _Cluster({"bad": {"components": 5}}))


def test_the_first_text_counts_and_later_ones_fill_gaps() -> None:
    snapshot = _resolve(
        images='{"application":"","displayName":"d1"}',
        json_input='{"application":"a2","displayName":"d2","displayDescription":"e2"}',
    )
    assert (snapshot.application, snapshot.display_name, snapshot.display_description) == ("a2", "d1", "e2")


def test_equal_references_are_one_component() -> None:
    first = '{"components":[{"containerImage":"r/a","source":{"git":{"url":"1"}}},{"name":"b","containerImage":"r/b"}]}'
    second = (
        '{"components":[{"name":"late","containerImage":"r/a","source":{"git":{"url":"2"}}},'
        '{"name":"later","containerImage":"r/a"},{"name":"x","containerImage":"r/b"},{"containerImage":"r/a@sha256:1"}]}'
    )
    snapshot = _resolve(images=first, json_input=second, image="r/b")
    assert _pairs(snapshot) == [("late", "r/a"), ("b", "r/b"), ("", "r/a@sha256:1")]
    assert snapshot.components[0].source == {"git": {"url": "1"}}


def test_a_named_component_that_comes_first_keeps_its_name() -> None:
    named = '{"components":[{"name":"late","containerImage":"r/a"}]}'
    assert _pairs(_resolve(image="r/a", json_input=named)) == [("late", "r/a")]


def test_the_first_broken_input_ends_it() -> None:
    with pytest.raises(InputError, match=r"^open /nonexistent: no such file or directory$"):
        _resolve(images="{}", file_path="/nonexistent", json_input="{", image="x y")


_A, _B, _C, _INDEX = (f"sha256:{digit * 64}" for digit in "abcd")


class _Images:
    """r/multi is an index of three, r/plain an image, all else isn't there; counts look-ups that meet."""

    def __init__(self, meeting: threading.Barrier | None = None) -> None:
        self._meeting = meeting
        self.asked: list[str] = []

    def head(self, ref: Reference) -> Descriptor:
        if self._meeting is not None:
            self._meeting.wait()
        self.asked.append(str(ref))
        if ref.repository.path == "multi":
            return Descriptor(INDEX_TYPES[0], _INDEX, 1)
        if ref.repository.path in ("plain", "broken"):
            return Descriptor(INDEX_TYPES[1] if ref.repository.path == "broken" else MANIFEST_TYPES[0], _A, 1)
        raise NotFoundError(f"HEAD {ref}: 404", 404)

    def manifest(self, ref: Reference) -> Manifest:
        if ref.repository.path == "broken":
            return Manifest(Descriptor(INDEX_TYPES[1], _A, 1), b"", {"manifests": [{}]})
        assert ref.digest == _INDEX
        entries = [
            {"digest": _A, "size": 1, "platform": {"architecture": "amd64", "os": "linux"}},
            {"digest": _B, "size": 1, "platform": {"os": "linux"}},
            {"digest": _C, "size": 1, "mediaType": "x"},
        ]
        return Manifest(Descriptor(INDEX_TYPES[0], _INDEX, 1), b"", {"manifests": entries})


def test_an_index_brings_its_images_and_all_are_sorted_by_reference() -> None:
    source = {"git": {"url": "u"}}
    given = Snapshot("app", components=(Component("z", "r.io/plain"), Component("m", "r.io/multi:v1", source)))
    expanded = expand_indexes(given, _Images(), 5)
    assert expanded.application == "app"
    assert expanded.components == (
        Component("m", "r.io/multi:v1", source),
        Component(f"m-{_A}-amd64", f"r.io/multi@{_A}", source),
        Component(f"m-{_B}-noarch-1", f"r.io/multi@{_B}", source),
        Component(f"m-{_C}-noarch-2", f"r.io/multi@{_C}", source),
        Component("z", "r.io/plain"),
    )


def test_what_cannot_be_looked_up_stays_and_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    given = Snapshot(
        components=tuple(Component("", image) for image in ("x y", "r.io/plain", "r.io/gone", "r.io/broken"))
    )
    with caplog.at_level(logging.DEBUG, "refimpl.commands.snapshot"):
        expanded = expand_indexes(given, _Images(), 5)
    assert {component.container_image for component in expanded.components} == {
        "x y",
        "r.io/plain",
        "r.io/gone",
        "r.io/broken",
    }
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    first, second, third = record.getMessage().split("\n")
    assert first == (
        "Encountered error while checking for Image Index: "
        "unable to parse container image x y: could not parse reference: x y"
    )
    assert second == "unable to fetch descriptior for container image r.io/gone: HEAD r.io/gone:latest: 404"
    assert third.startswith("unable to fetch index manifest for container image r.io/broken: ")


def test_look_ups_run_side_by_side() -> None:
    images = _Images(threading.Barrier(3, timeout=60))
    expand_indexes(Snapshot(components=tuple(Component("", f"r.io/plain:{n}") for n in range(3))), images, 3)
    assert sorted(images.asked) == ["r.io/plain:0", "r.io/plain:1", "r.io/plain:2"]


class _SlowRegistry(_Images):
    """One registry answers when all images of the others were asked for (the testbed can't hold a HEAD)."""

    def __init__(self, others: int) -> None:
        super().__init__()
        self._asked = threading.Event()
        self._left = itertools.count(others - 1, -1)

    def head(self, ref: Reference) -> Descriptor:
        if ref.repository.registry == "slow.io":
            assert self._asked.wait(60), "the other registry's images weren't asked for meanwhile"
        elif not next(self._left):
            self._asked.set()
        return super().head(ref)


@pytest.mark.parametrize("workers", [2, 5])
def test_a_slow_registry_leaves_others_their_look_ups(workers: int) -> None:
    listed = [*(f"slow.io/plain:{number}" for number in range(6)), *(f"r.io/plain:{number}" for number in range(6))]
    given = Snapshot(components=tuple(Component("", image) for image in listed))
    expanded = expand_indexes(given, _SlowRegistry(6), workers)
    assert [one.container_image for one in expanded.components] == sorted(listed)


@pytest.mark.parametrize(
    ("text", "workers"),
    [("", 5), ("x", 5), ("3", 3), ("+2", 2), ("1.5", 5), (" 3", 5), ("0", 1), ("-1", 64), ("999", 64)],
)
def test_the_number_of_look_ups_comes_from_the_environment(text: str, workers: int) -> None:
    assert index_workers({"IMAGE_INDEX_WORKERS": text}) == workers


def test_the_number_of_look_ups_has_a_default() -> None:
    assert index_workers({}) == 5


def test_a_list_that_comes_through_a_pipe_is_told_where_to_come_from(tmp_path: Path) -> None:
    os.mkfifo(path := tmp_path / "list")
    writer = threading.Thread(target=path.write_text, args=("r.io/a:1\nr.io/b:1\n",))
    writer.start()
    with pytest.raises(InputError) as error:
        _resolve(images=str(path))
    writer.join()
    assert str(error.value) == f"{path}: a list that comes through a pipe must be standard input: --images -"
