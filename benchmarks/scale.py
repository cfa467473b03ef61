"""``python -m benchmarks.scale [counts …]``: what many images cost, in time, requests and peak memory.

The images are made up (`benchmarks.made_up`): a list names them, and only ``ndjson`` is written, so that nothing is
kept. `EC_BEFORE` names an older ``ec-ref`` to compare with; it gets the images as a snapshot, and writes ``json``.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.made_up import made_up_registry
from benchmarks.measure import measure
from ec_acceptance.testbed.validator.process import Validator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.made_up import MadeUp

_COUNTS = (500, 5000)
_HEAD = "| images | | images/s | CPU ms an image | peak memory MB | wall s |"


def main() -> None:
    """Measure all, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("counts", type=int, nargs="*", metavar="count", help="images (default: 500 and 5000)")
    parser.add_argument("--options", default="", help="further options of the validator, such as --workers=11")
    given = parser.parse_args()
    print(_HEAD)
    print("|---" * (_HEAD.count("|") - 1) + "|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with made_up_registry(folder) as made_up:
            for count in given.counts or _COUNTS:
                _measure(made_up, folder, count, given.options.split())


def _measure(made_up: MadeUp, folder: Path, count: int, options: Sequence[str]) -> None:
    references = [made_up.reference(number) for number in range(count)]
    images = folder / "images.txt"
    images.write_text("\n".join(references) + "\n", encoding="utf-8")
    results = folder / "results.ndjson"
    _run(
        "ndjson",
        Validator().command,
        made_up,
        folder,
        count,
        [*_images(images), "--output", f"ndjson={results}", *options],
    )
    found = sum(1 for line in results.read_text(encoding="utf-8").splitlines() if '"type":"component"' in line)
    if found != count:
        raise RuntimeError(f"{found} results of {count} images")
    if before := os.environ.get("EC_BEFORE"):
        snapshot = folder / "snapshot.json"
        components = [{"name": f"c{number}", "containerImage": one} for number, one in enumerate(references)]
        snapshot.write_text(json.dumps({"components": components}), encoding="utf-8")
        arguments = [*_images(snapshot), "--output", f"json={folder / 'report.json'}"]
        _run("before", Validator(before).command, made_up, folder, count, arguments)


def _images(path: Path) -> list[str]:
    return ["validate", "image", "--images", str(path)]


def _run(
    name: str, command: Sequence[str], made_up: MadeUp, folder: Path, count: int, arguments: Sequence[str]
) -> None:
    policy = json.dumps({"sources": [{"policy": [f"file::{made_up.policy}"]}]})
    judged = ["--policy", policy, "--public-key", str(made_up.key), "--ignore-rekor", "--timeout", "24h"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder)}
    cost = measure([*command, *arguments, *judged], environment, folder)
    if cost.status:
        raise RuntimeError(f"{name}: exit status {cost.status}")
    cells = (
        *(str(count), name, f"{count / cost.wall:.0f}", f"{1000 * cost.cpu / count:.1f}"),
        *(f"{cost.memory / 1e6:.0f}", f"{cost.wall:.1f}"),
    )
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
