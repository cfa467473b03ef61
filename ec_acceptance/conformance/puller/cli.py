"""``ec-conformance-puller TEMPLATE validate image …``: the harness as the program that scenarios start."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, NoReturn, TypeVar

from ec_acceptance.conformance.puller.harness import Component, Harness, Judged
from ec_acceptance.conformance.puller.template import PLACEHOLDERS, Template, TemplateError
from ec_acceptance.conformance.puller.tool import Tools
from ec_acceptance.testbed.cache.directory import user_cache
from ec_acceptance.testbed.trees import remove_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main", "run"]

_T = TypeVar("_T")

_OFF = frozenset({"0", "f", "F", "false", "False", "FALSE"})
_DURATION = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<unit>ms|s|m|h)")
_LABEL = re.compile(r"version:\s*", re.IGNORECASE)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_ASK_SECONDS = 2.0
_AWAKE = 0.2  # seconds
_MOMENT = 1.0  # seconds
_SAID = 400  # bytes
_USAGE = 2  # no scenario demands it, so none takes a wrong template for a verdict
_IGNORED = ("--policy", "--public-key", "--rekor-url", "--retry-duration", "--retry-max-wait", "--retry-factor")


def run() -> NoReturn:
    """The process's entry."""
    status = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # threads that wait for the registry hold nothing up


def main(arguments: Sequence[str]) -> int:
    """Carry out a command line; the answer is the exit status."""
    try:
        given = _parser().parse_args(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    try:
        template = Template.parse(given.template)
    except TemplateError as error:
        return _fail(str(error), _USAGE)
    if given.command == "version":
        sys.stdout.write(f"{_version(template)}\n")
        return 0
    try:
        components = _components(given.json_input)
    except (ValueError, KeyError, TypeError, RecursionError):
        return _fail('--json-input is no snapshot, such as {"components": [{"name": …, "containerImage": …}]}', 1)
    tools = Tools(None if given.timeout is None else time.monotonic() + given.timeout)
    ends: SimpleQueue[signal.Signals | Future[list[Judged]]] = (
        SimpleQueue()
    )  # whose put may interrupt anything, even itself
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _: ends.put(signal.Signals(got)))
    folder = Path(tempfile.mkdtemp(prefix="ec-puller-"))
    try:
        harness = Harness(template, tools, folder, _cache())
        workers = 1 if given.one_by_one else max(1, given.workers)
        judging = ThreadPoolExecutor(1).submit(harness.judge_all, components, workers)
        judging.add_done_callback(ends.put)
        ended = _first(ends)
        if isinstance(ended, Future):
            return _report(ended.result())
        tools.stop()
        wait([judging], _MOMENT)  # whoever still works there would make other folders while ours is removed
        return _fail(f"ended by {ended.name}", 128 + ended)
    finally:
        remove_tree(folder)


def _first(ends: SimpleQueue[_T]) -> _T:
    """What comes first. A signal may reach another thread, and that wakes nobody here: so this one wakes by itself."""
    while True:
        with contextlib.suppress(Empty):
            return ends.get(timeout=_AWAKE)


def _report(judged: Sequence[Judged]) -> int:
    for line in dict.fromkeys(line for one in judged for line in one.logged):
        sys.stderr.write(f"level=warning msg={json.dumps(line)}\n")
    for one in judged:  # for people: a failed scenario shows the streams, and the report is one long line
        for _, text in one.violations:
            sys.stderr.write(f"level=error msg={json.dumps(f'{one.component.name}: {text}')}\n")
    success = not any(one.violations for one in judged)
    report = {
        "success": success,
        "components": [one.report() for one in sorted(judged, key=lambda one: one.component.name)],
        "key": "",
        "policy": {},
        "effective-time": datetime.now(UTC).isoformat(),
    }
    sys.stdout.write(json.dumps(report) + "\n")
    return 0 if success else 1


def _components(text: str) -> list[Component]:
    return [Component(str(one["name"]), str(one["containerImage"])) for one in json.loads(text)["components"]]


def _cache() -> Path | None:
    """Where a validator with this environment keeps layers; None: it keeps none, or has no such place."""
    environment = {"HOME": "", **os.environ}
    place = user_cache(environment)
    if environment.get("EC_CACHE") in _OFF or not place.is_absolute():
        return None
    with contextlib.suppress(OSError):  # what can't be used is for the tool to find
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def _fail(text: str, status: int) -> int:
    sys.stderr.write(f"Error: {text}\n")
    return status


def _version(template: Template) -> str:
    """The tool's name, with what it says of its version: most know one of these words."""
    for words in (["--version"], ["version"]):
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            said = subprocess.run(
                [template.words[0], *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_ASK_SECONDS,
                check=False,
            )
            line = " ".join(next(iter(said.stdout[:_SAID].decode("utf-8", "replace").strip().splitlines()), "").split())
            if said.returncode == 0 and line.isprintable() and any(map(str.isdigit, line)):
                return line if line.startswith(template.tool) else f"{template.tool} {_LABEL.sub('', line)}"
    return template.tool


def _parser() -> argparse.ArgumentParser:
    names = "\n".join(f"  {{{name}}}  {meaning}" for name, meaning in PLACEHOLDERS.items())
    parser = argparse.ArgumentParser(
        prog="ec-conformance-puller",
        description="Judge a tool that fetches images in a validator's place: ec-conformance starts it so.",
        epilog=f"placeholders of a template:\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--one-by-one", action="store_true", help="start the tool for one image after the other")
    parser.add_argument("template", help="such as 'crane pull --cache_path {cache} {ref} {destination}'")
    commands = parser.add_subparsers(dest="command", required=True, metavar="validate image | version")
    version = commands.add_parser("version", help="the tool's name and version")
    version.add_argument("--short", action="store_true")
    validate = commands.add_parser("validate", help="fetch the images and report what arrived")
    validate.add_argument("kind", choices=["image"])
    validate.add_argument("--json-input", required=True, help="the images, as a snapshot")
    validate.add_argument("--output", choices=["json"], default="json")
    validate.add_argument("--workers", type=int, default=5, help="processes of the tool at the same time (5)")
    validate.add_argument("--timeout", type=_duration, help="such as 3s: then what still runs is killed")
    validate.add_argument("--ignore-rekor", action="store_true", help=argparse.SUPPRESS)
    for flag in _IGNORED:  # a tool that fetches has no policy, and retries as it likes
        validate.add_argument(flag, help=argparse.SUPPRESS)
    return parser


def _duration(text: str) -> float:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration, such as 3s")
    return float(found["number"]) * _SECONDS[found["unit"]]
