"""``python -m benchmarks.scale [counts …]``: what many images cost, in time, requests and peak memory.

The images are made up (`benchmarks.made_up`): a list names them, and only ``ndjson`` is written, so that nothing is
kept. With ``--kills 2`` each run is killed (SIGKILL) twice on its way and resumed, and what was written is looked
through: each image once, and its verdict right.

`EC_BEFORE` names an older ``ec-ref``, and `EC_ORACLE` ``ec``, to compare with in the same run, up to 1,000 images: they
get them as a snapshot, and write ``json``.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.made_up import made_up_registry
from benchmarks.measure import measure
from ec_acceptance.testbed.validator.process import Validator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.made_up import MadeUp

_COUNTS = (500, 5000)
_MOST_AT_ONCE = 1000
_HEAD = "| images | | images/s | CPU ms an image | requests an image | kB an image | peak memory MB | wall s |"


def main() -> None:
    """Measure all, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("counts", type=int, nargs="*", metavar="count", help="images (default: 500 and 5000)")
    parser.add_argument(
        "--options", action="append", help="of the validator, such as --options=--workers=11; again for another row"
    )
    parser.add_argument("--kills", type=int, default=0, metavar="N", help="kill each run so often on its way")
    parser.add_argument(
        "--bases", type=int, default=0, metavar="N", help="build the images on so many layers of 8 MiB, which are read"
    )
    given = parser.parse_args()
    print(_HEAD)
    print("|---" * (_HEAD.count("|") - 1) + "|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with made_up_registry(folder, bases=given.bases) as made_up:
            bench = _Bench(made_up, folder)
            for count in given.counts or _COUNTS:
                for options in given.options or [""]:
                    bench.judge_list(count, options.split(), given.kills)
                if count <= _MOST_AT_ONCE:
                    for variable in ("EC_BEFORE", "EC_ORACLE"):
                        if command := os.environ.get(variable):
                            bench.judge_snapshot(count, command)


@dataclass(frozen=True)
class _Bench:
    """Runs in a folder, against a registry."""

    made_up: MadeUp
    folder: Path

    def judge_list(self, count: int, options: Sequence[str], kills: int) -> None:
        """Judge so many images that a list names, and look at what was written; killed so often before."""
        images, results = self.folder / "images.txt", self.folder / "results.ndjson"
        with images.open("w", encoding="utf-8") as stream:
            stream.writelines(f"{self.made_up.reference(number)}\n" for number in range(count))
        results.unlink(missing_ok=True)
        arguments = ["--images", str(images), "--output", f"ndjson={results}", "--resume", str(results), *options]
        name = " ".join(options) or "ndjson"
        done = 0
        for part in range(1, kills + 1):
            wanted = count * part // (kills + 1)
            self._run(f"{name}, killed", Validator().command, wanted - done, arguments, _has_lines(results, wanted))
            done = wanted
        self._run(name if not kills else f"{name}, to its end", Validator().command, count - done, arguments)
        self._check(results, count)

    def judge_snapshot(self, count: int, command: str) -> None:
        """Judge so many images that a snapshot names, with another validator."""
        snapshot, report = self.folder / "snapshot.json", self.folder / "report.json"
        references = map(self.made_up.reference, range(count))
        components = [{"name": f"c{number}", "containerImage": one} for number, one in enumerate(references)]
        snapshot.write_text(json.dumps({"components": components}), encoding="utf-8")
        name = Path(Validator(command).command[0]).name
        self._run(name, Validator(command).command, count, ["--images", str(snapshot), "--output", f"json={report}"])
        judged = json.loads(report.read_bytes())["components"]
        if len(judged) != count or not all(one["success"] for one in judged):
            raise RuntimeError(f"{name}: {len(judged)} results of {count} images, or not all of them successful")

    def _run(
        self,
        name: str,
        command: Sequence[str],
        count: int,
        arguments: Sequence[str],
        killed_when: Callable[[], bool] | None = None,
    ) -> None:
        made_up = self.made_up
        policy = json.dumps({"sources": [{"policy": [f"file::{made_up.policy}"]}]})
        judged = ["--policy", policy, "--public-key", str(made_up.key), "--ignore-rekor", "--timeout", "24h"]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "TMPDIR": str(self.folder)}
        before = made_up.served[:]
        cost = measure(
            [*command, "validate", "image", *arguments, *judged],
            environment,
            self.folder,
            killed_when=killed_when or (lambda: False),
        )
        if cost.status != (-9 if killed_when else 0):
            raise RuntimeError(f"{name}: exit status {cost.status}")
        requests, sent = (after - earlier for after, earlier in zip(made_up.served[:], before, strict=True))
        cells = (
            *(str(count), name, f"{count / cost.wall:.0f}", f"{1000 * cost.cpu / count:.1f}"),
            *(f"{requests / count:.1f}", f"{sent / count / 1e3:.1f}", f"{cost.memory / 1e6:.0f}", f"{cost.wall:.1f}"),
        )
        print(f"| {' | '.join(cells)} |", flush=True)

    def _check(self, results: Path, count: int) -> None:
        """Whether there is each image once, with its digest and a verdict, and an end that counts them all."""
        missing = set(range(1, count + 1))
        summary = None
        with results.open(encoding="utf-8") as lines:
            for line in map(json.loads, lines):
                if line["type"] == "component":
                    missing.remove(line["position"])
                    if line["digest"] != self.made_up.digests[(line["position"] - 1) % len(self.made_up.digests)]:
                        raise RuntimeError(f"another digest: {line}")
                    if not line["success"]:
                        raise RuntimeError(f"another verdict: {line}")
                summary = line
        if missing or summary is None or (summary["type"], summary.get("entries")) != ("summary", count):
            raise RuntimeError(f"{len(missing)} of {count} are missing; the last line is {summary}")


def _has_lines(path: Path, wanted: int) -> Callable[[], bool]:
    """Whether so many components are there by now; each byte is looked at once."""
    seen = [-1, 0]  # lines, but for the first, and bytes

    def has_lines() -> bool:
        if not path.exists():
            return False
        with path.open("rb") as stream:
            stream.seek(seen[1])
            new = stream.read()
        seen[0] += new.count(b"\n")
        seen[1] += len(new)
        return seen[0] >= wanted

    return has_lines


if __name__ == "__main__":
    main()
