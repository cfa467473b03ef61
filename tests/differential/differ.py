"""``python differ.py [--cases N] [--seed N]``: generated cases, judged by `ec-ref` and by the program in EC_ORACLE."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from generated_cases import Case, cases
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from scene import Scene
from validator_pair import ValidatorPair, write_files

from ec_acceptance.testbed.validator.process import Validator

_SLICE = 3  # examples of a slice: the simplest of all, a new one, and the new one with parts of it repeated
_ROOT = Path(__file__).parents[2]


class DifferenceError(Exception):
    """Both programs don't say the same of a case."""

    def __init__(self, case: Case, text: str) -> None:
        super().__init__(text)
        self.case = case
        self.text = text


@dataclass(slots=True)
class Comparison:
    """Compares cases one after the other, and remembers what it saw.

    Attributes:
        pair: both programs.
        tries: how many runs shrinking may cost, for each difference.
        runs: how often both programs ran.
    """

    pair: ValidatorPair
    tries: int
    runs: int = 0
    _seen: dict[bytes, str] = field(default_factory=dict)

    def slice(self, number: int) -> tuple[int, DifferenceError | None]:
        """Look at some cases, the same ones for the same number: how many, and the shrunk difference among them."""
        first = self.runs
        until: int | None = None

        @seed(number)
        @settings(
            max_examples=_SLICE,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink] if self.tries else [Phase.generate],
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
            report_multiple_bugs=False,
            print_blob=False,
        )
        @given(case=cases())
        def agree(case: Case) -> None:
            nonlocal until
            # When shrinking has cost enough, what wasn't run counts as equal.
            spent = until is not None and self.runs - until >= self.tries
            text = self._difference(case, spent=spent)
            if text:
                until = until or self.runs
                raise DifferenceError(case, text)

        try:
            agree()
        except DifferenceError as difference:
            return (until or self.runs) - first, difference
        return self.runs - first, None

    def _difference(self, case: Case, *, spent: bool) -> str:
        """Each case is run once."""
        key = hashlib.sha256(json.dumps(asdict(case), sort_keys=True).encode()).digest()
        if key not in self._seen:
            if spent:
                return ""
            self.runs += 1
            self._seen[key] = self.pair.difference(case)
        return self._seen[key]


def main(arguments: list[str] | None = None) -> int:
    """0: both agree, or there is no oracle; 1: they don't."""
    options = _parser().parse_args(arguments)
    oracle = os.environ.get("EC_ORACLE")
    if not oracle:
        _tell("skipped: EC_ORACLE names no program to compare with")
        return 0
    with tempfile.TemporaryDirectory(prefix="differential-") as name:
        folder = Path(name)
        scene = Scene(folder)
        try:
            pair = ValidatorPair(Validator(options.ours), Validator(oracle), scene, folder)
            if options.case:
                return _again(pair, Path(options.case))
            return _compare(pair, options)
        finally:
            scene.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=200, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="other cases for other numbers (default: %(default)s)")
    parser.add_argument("--ours", default="", help="command line of the program under test (default: ec-ref)")
    parser.add_argument(
        "--tries", type=int, default=250, help="runs to shrink a difference; 0: don't (default: %(default)s)"
    )
    parser.add_argument("--keep", default=str(_ROOT / "artifacts" / "differential"), help="folder for differing cases")
    parser.add_argument("--case", help="run the kept case in this folder again")
    return parser


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _again(pair: ValidatorPair, folder: Path) -> int:
    text = pair.difference(Case(**json.loads((folder / "case.json").read_text(encoding="utf-8"))))
    _tell(text or "no difference")
    return 1 if text else 0


def _compare(pair: ValidatorPair, options: argparse.Namespace) -> int:
    comparison = Comparison(pair, options.tries)
    started = time.monotonic()
    done = differing = number = 0
    while done < options.cases:
        count, difference = comparison.slice(options.seed * 100_000 + number)
        done += count
        number += 1
        if difference:
            differing += 1
            place = Path(options.keep) / f"{options.seed}-{number}"
            _keep(pair, difference, place)
            _tell(f"=== difference {differing}, in {place}\n{difference.text}\n{pair.commands(difference.case)}")
        if number % 10 and done < options.cases:
            continue
        seconds = (time.monotonic() - started) / max(comparison.runs, 1)
        _tell(f"{done} cases, {differing} differences, {seconds:.2f} s a run; {dict(pair.kinds)}")
    _tell(f"known differences seen: {dict(pair.leveled)}")
    return 1 if differing else 0


def _keep(pair: ValidatorPair, difference: DifferenceError, place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    write_files(difference.case, pair.scene, place)
    (place / "case.json").write_text(
        json.dumps(asdict(difference.case), indent=1, ensure_ascii=False), encoding="utf-8"
    )
    (place / "commands.sh").write_text(pair.commands(difference.case), encoding="utf-8")
    (place / "difference.txt").write_text(difference.text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
