from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ec_acceptance.testbed.fixtures.images import Layer
from refimpl.errors import LimitExceededError
from refimpl.layers.limits import Limits

if TYPE_CHECKING:
    from layers_testbed import LayersTestbed

WORKED = (
    Layer.of({"etc/a.yaml": b"old: 1", "filler": b"f"}),
    Layer.of(
        {
            "manifests/a.json": b"{}",
            "manifests/b.yaml": b"b: 1",
            "manifests/d.YML": b"x: y",
            "manifests/empty.yaml": b"",
            "manifests/scalar.yaml": b"hello",
            "manifests/multi.yaml": b"a: 1\n---\nb: 2",
            "manifests/bad.yaml": b"{nope: [",
            "Manifests/f.yaml": b"f: 1",
            "./manifests/dot.yaml": b"z: 1",
            "manifests/sub/e.yaml": b"e: 1",
            "manifests/c.xml": b"<c/>",
            "/manifests/x.yaml": b"x: 1",
        }
    ),
    Layer.of({"manifests/a.json": b'{"over":"ride"}', "manifests/.wh.b.yaml": b""}),
)


@pytest.mark.parametrize("cached", [True, False])
def test_the_worked_example(testbed: LayersTestbed, cached: bool) -> None:  # noqa: FBT001  # a table's column
    ref = testbed.image(*WORKED)
    with testbed.run(cached=cached) as run:
        found = run.files(ref)
    assert list(found.items()) == list(
        {
            "Manifests/f.yaml": {"f": 1},
            "manifests/a.json": {"over": "ride"},
            "manifests/d.YML": {"x": True},
            "manifests/dot.yaml": {"z": 1},
            "manifests/empty.yaml": None,
            "manifests/multi.yaml": {"a": 1},
            "manifests/scalar.yaml": "hello",
        }.items()
    )
    wanted = [layer.digest for layer in reversed(WORKED)]
    assert [exchange.reference for exchange in testbed.gate.log.requests(method="GET", kind="blob")] == wanted


@pytest.mark.parametrize(
    ("directories", "found"),
    [
        (["etc"], ["Etc/up.JSON", "etc/a.yaml"]),
        (["etc/"], ["Etc/up.JSON", "etc/a.yaml"]),
        (["etc", "."], ["Etc/up.JSON", "etc/a.yaml", "top.json"]),
        (["etc/sub", "dot"], ["dot/x.yaml", "etc/sub/b.json"]),
        (["/"], []),
        (["nope"], []),
        (["/etc"], []),
        ([], []),
    ],
)
def test_several_directories(testbed: LayersTestbed, directories: list[str], found: list[str]) -> None:
    layer = Layer.of(
        {
            "etc/a.yaml": b"x: y",
            "etc/sub/b.json": b'{"q":1}',
            "Etc/up.JSON": b'{"u":1}',
            "etc/c.txt": b"",
            "top.json": b"[1]",
            "./dot/x.yaml": b"d: 1",
            "etc/bad.yaml": b"{nope: [",
        }
    )
    ref = testbed.image(layer)
    with testbed.run() as run:
        assert list(run.files(ref, directories)) == found


def test_all_files_of_an_image_are_bounded(testbed: LayersTestbed) -> None:
    layers = [Layer.of({f"manifests/{number}.yaml": b"a: " + b"x" * 1000}) for number in range(3)]
    ref = testbed.image(*layers)
    with testbed.run(limits=Limits(image_bytes=2500)) as run, pytest.raises(LimitExceededError, match="more than 2500"):
        run.files(ref)
    with testbed.run(limits=Limits(image_bytes=3100)) as run:
        assert len(run.files(ref)) == 3


def test_names_that_are_no_text(testbed: LayersTestbed) -> None:
    ref = testbed.image(Layer.of({"manifests/\udcff.json": b"{}"}))
    with testbed.run() as run:
        assert run.files(ref) == {"manifests/\N{REPLACEMENT CHARACTER}.json": {}}
