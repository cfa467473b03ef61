"""Content that would speak for the validator: texts that become structure, and rules that nobody hears."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []

_MARKED = re.compile(r'"\\u0000number:((?:[^"\\]|\\.)*)"')


def _unmarked(text: str) -> str:
    """JSON in which what follows the mark of a number stands as it is."""
    return _MARKED.sub(lambda found: str(json.loads(f'"{found[1]}"')), text)


@mutant(
    "numbers-by-their-mark",
    "A text that looks like the mark of a number is written raw.",
    Kind.INJECTION,
    "inject-01 inject-02 inject-03",
)
def numbers_by_their_mark() -> None:
    from refimpl.golang import jsontext

    @change(jsontext, "dumps")
    def dumps(original: Callable[..., str], value: Any, **named: Any) -> str:
        return _unmarked(original(value, **named))


@mutant(
    "input-among-the-requests-members",
    "The input is spliced into the request, so what follows its end becomes a member of the request.",
    Kind.INJECTION,
    "inject-01 inject-03",
)
def input_among_the_requests_members() -> None:
    from refimpl.rego.host import HostProgram

    @change(HostProgram, "evaluate")
    def evaluate(original: Callable[..., Any], self: Any, namespaces: Any, input_json: bytes, **named: Any) -> Any:
        request = f'{{"namespaces":{json.dumps(namespaces)},"input":{_unmarked(input_json.decode())}}}'
        read = json.loads(request)
        return original(self, read["namespaces"], json.dumps(read["input"]).encode(), **named)


@mutant(
    "dates-by-their-mark",
    "A text of an annotation that begins like the mark of a date is taken for one.",
    Kind.INJECTION,
    "inject-15",
)
def dates_by_their_mark() -> None:
    from refimpl.rego import host
    from refimpl.rego.engine import DateText

    def read_date(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: read_date(item) for key, item in value.items()}
        if isinstance(value, str) and value.startswith("\0date:"):
            return DateText(value.removeprefix("\0date:"))
        return value

    @change(host, "_custom")
    def custom(original: Callable[..., Any], *arguments: Any) -> Any:
        return read_date(original(*arguments))


@mutant(
    "unsupported-heads-pass",
    "A rule whose head gives what can't be a result isn't refused when it is read.",
    Kind.INJECTION,
    "inject-11",
)
def unsupported_heads_pass() -> None:
    from refimpl.evaluation import rules

    replace(rules, "check_values", lambda _: None)


@mutant(
    "unjudged-rules-pass",
    "A rule that denies in a form that can't be judged says nothing.",
    Kind.INJECTION,
    "inject-12 inject-13",
)
def unjudged_rules_pass() -> None:
    from refimpl.errors import EvaluationError
    from refimpl.rego.engine import Evaluation
    from refimpl.rego.host import HostProgram

    @change(HostProgram, "evaluate")
    def evaluate(original: Callable[..., Any], self: Any, namespaces: Any, *arguments: Any, **named: Any) -> Any:
        try:
            return original(self, namespaces, *arguments, **named)
        except EvaluationError as error:
            if "can't be judged" not in str(error):
                raise
            return Evaluation({name: {"warn": ["says something"]} for name in namespaces}, {})


@mutant(
    "half-a-character-is-kept",
    "Half a surrogate pair stays what it is, and can't be written anywhere.",
    Kind.INJECTION,
    "inject-04",
)
def half_a_character_is_kept() -> None:
    from refimpl.golang import jsontext

    replace(jsontext, "replace_surrogates", lambda text: text)


@mutant(
    "deep-files-are-left-out",
    "A file that is nested too deeply is left out, and so hidden from the rules.",
    Kind.INJECTION,
    "inject-21",
)
def deep_files_are_left_out() -> None:
    from refimpl.errors import LimitExceededError
    from refimpl.layers import files

    @change(files, "_parse")
    def parse(original: Callable[..., Any], name: str, content: bytes) -> Any:
        try:
            return original(name, content)
        except LimitExceededError:
            return vars(files)["_UNREADABLE"], len(content)


@mutant(
    "depth-without-limit",
    "What is nested is walked through until the stack is used up.",
    Kind.INJECTION,
    "inject-21 inject-24",
)
def depth_without_limit() -> None:
    from refimpl.golang import jsontext, yamltext

    replace(jsontext, "check_depth", lambda *_: None)
    replace(yamltext, "check_depth", lambda *_: None)
    replace(yamltext, "DEPTH_LIMIT", 10_000)


@mutant(
    "terminals-obey",
    "Control characters of images and snapshots go to the terminal, as do line ends in names.",
    Kind.VERDICT,
    "hostile-04 hostile-05",
)
def terminals_obey() -> None:
    from refimpl.commands import component
    from refimpl.report import text
    from refimpl.system import terminal

    replace(component, "on_one_line", str)
    replace(text, "on_one_line", str)
    replace(text, "without_commands", str)
    replace(terminal, "without_commands", str)
