"""``python -m tests.fuzz``: runs targets, prints executions and findings; the status is 1 when there are any."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":  # an installed refimpl comes before the tree's, which stands in this folder
    del sys.path[0]
    sys.path += [str(Path(__file__).resolve().parents[place]) for place in (1, 2)]

from fuzz.campaign import Campaign, Limits, is_guidable, run_guided, run_mutating
from fuzz.findings import Finding
from fuzz.target import all_targets, execute, guarded

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROOT = Path(__file__).resolve().parents[2]
_INSTRUMENTED = ("refimpl",)


def main(arguments: Sequence[str]) -> int:
    """Carry out a command line."""
    given = _parser().parse_args(arguments)
    if given.one:
        with guarded():
            _one(given)
        return 0
    targets = all_targets()
    if unknown := sorted(set(given.target) - targets.keys()):
        sys.stderr.write(f"no such target: {', '.join(unknown)}\n")
        return 2
    if given.list:
        sys.stdout.write("".join(f"{name}\n" for name in targets))
        return 0
    if given.reproduce:
        target, file = targets[given.target[0]], given.reproduce
        with guarded():
            refusal = execute(target, file.read_bytes())
        sys.stdout.write("taken\n" if refusal is None else f"refused: {refusal!r}\n")
        return 0
    began = time.monotonic()
    with ThreadPoolExecutor(given.jobs) as pool:
        campaigns = []
        for campaign in pool.map(lambda name: _campaign(name, given), given.target or targets):
            rate = campaign.executions / max(campaign.seconds, 0.001)
            told = f"{len(campaign.findings)} findings"
            sys.stdout.write(
                f"{campaign.target:24} {campaign.engine:9} {campaign.executions:9} executions "
                f"{campaign.seconds:7.1f} s {rate:9.0f} a second  {told}\n"
            )
            for finding in campaign.findings:
                sys.stdout.write(f"  {finding.file}\n    " + finding.trace.replace("\n", "\n    ") + "\n")
            sys.stdout.flush()
            campaigns.append(campaign)
    found = sum(len(campaign.findings) for campaign in campaigns)
    total = sum(campaign.executions for campaign in campaigns)
    sys.stdout.write(f"{len(campaigns)} targets, {total} executions, {found} findings, ")
    sys.stdout.write(f"{time.monotonic() - began:.0f} s\n")
    if given.report:
        given.report.write_text("".join(f"{campaign.to_json()}\n" for campaign in campaigns), encoding="utf-8")
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--target", action="append", default=[], metavar="NAME", help="this target; all by default")
    parser.add_argument("--executions", type=int, default=1_000_000, help="of each target (1000000)")
    parser.add_argument("--seconds", type=float, default=600.0, help="of CPU, if that is less (600)")
    parser.add_argument("--engine", choices=("guided", "mutating"), help="guided (by atheris) where that is installed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="targets at a time")
    parser.add_argument("--seed", type=int, default=time.time_ns() % (1 << 31), help="of the random choices")
    parser.add_argument("--found", type=Path, default=_ROOT / "artifacts" / "fuzz", help="folder for findings")
    parser.add_argument("--report", type=Path, help="write a line of JSON for each target to this file")
    parser.add_argument("--reproduce", type=Path, metavar="FILE", help="run the target once, with this input")
    parser.add_argument("--list", action="store_true", help="list the targets and do nothing else")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)  # the report of a process of its own
    return parser


def _campaign(name: str, given: argparse.Namespace) -> Campaign:
    """Run one target in a process of its own, which may die of what it finds."""
    engine = given.engine or ("guided" if is_guidable() else "mutating")
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        report, log = Path(scratch, "report"), Path(scratch, "log")
        options = {name: getattr(given, name) for name in ("executions", "seconds", "seed", "found")}
        words = [word for option, value in options.items() for word in (f"--{option}", str(value))]
        command = [sys.executable, "-m", "tests.fuzz", "--one", str(report), "--target", name, "--engine", engine]
        with log.open("wb") as output:
            ended = subprocess.run([*command, *words], cwd=_ROOT, stdout=output, stderr=output, check=False)
        if report.exists():
            return Campaign.from_json(report.read_text(encoding="utf-8"))
        words_of = log.read_text(encoding="utf-8", errors="replace")[-4000:]
    return Campaign(
        name, engine, findings=[Finding(name, "", f"the process ended with {ended.returncode}: {words_of}")]
    )


def _one(given: argparse.Namespace) -> None:
    limits, folder = Limits(given.executions, given.seconds), given.found / given.target[0]
    if given.engine == "guided":
        import atheris

        with atheris.instrument_imports(include=list(_INSTRUMENTED)):
            target = all_targets()[given.target[0]]
            run_guided(target, limits, folder, seed=given.seed, report=given.one)  # what is imported late counts, too
    else:
        campaign = run_mutating(all_targets()[given.target[0]], limits, folder, seed=given.seed)
        given.one.write_text(campaign.to_json(), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
