"""``inspect policy-data``: what the data files of sources hold, taken together (docs/commands.md)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refimpl.commands.inspect_sources import fetch_sources
from refimpl.deadline import Deadline
from refimpl.errors import PolicyError, UsageError
from refimpl.golang import jsontext, yamltext
from refimpl.golang.numbers import as_float64
from refimpl.golang.oserrors import describe
from refimpl.golang.utf8 import replace_surrogates
from refimpl.system.streams import print_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from refimpl.command_line.flags import ParsedFlags
    from refimpl.command_line.options import Options

_FORMATS = ("json", "yaml")
_DATA = (".json", ".yaml", ".yml")


def inspect_data(parsed: ParsedFlags, options: Options, environ: Mapping[str, str]) -> None:
    """Carry out the command; the data go to standard output.

    Raises:
        Error: a source cannot be had, a file isn't data, or two say the same; nothing is printed.
    """
    values = parsed.values
    if "source" not in parsed.given:
        raise UsageError('required flag(s) "source" not set')
    if values["output"] not in _FORMATS:
        raise UsageError(f"invalid value for --output '{values['output']}'. accepted values: {', '.join(_FORMATS)}")
    deadline = Deadline(options.timeout)
    data: dict[str, Any] = {}
    with fetch_sources(
        values["source"], keep=values["dest"], options=options, environ=environ, deadline=deadline
    ) as sources:
        for url in values["source"]:  # one named twice is merged twice
            for path in _files(sources[url].path):
                _merge(data, path)
    shown = as_float64(data)
    if values["output"] == "json":
        text = jsontext.dumps(shown)
    else:
        from refimpl.golang.yaml_dump import dumps

        text = dumps(shown)
    print_text(f"{replace_surrogates(text)}\n")


def _files(directory: Path) -> Iterator[Path]:
    """The data files below, in the order of their paths; the case of letters in their ends doesn't count.

    Raises:
        PolicyError: a folder can't be read.
    """

    def unreadable(error: OSError) -> None:
        raise PolicyError(describe("open", error.filename, error)) from None

    for place, directories, names in os.walk(directory, onerror=unreadable):
        directories.sort()
        for name in sorted(names):
            if name.lower().endswith(_DATA):
                yield Path(place, name)


def _merge(data: dict[str, Any], path: Path) -> None:
    try:
        document = yamltext.loads(path.read_bytes())
    except OSError as error:
        raise PolicyError(describe("open", str(path), error)) from None
    except ValueError as error:
        words = "yaml: invalid Unicode" if isinstance(error, UnicodeError) else error
        raise PolicyError(f"error converting YAML to JSON: {words}, in {path.name}") from None
    if document is None:
        return
    if not isinstance(document, dict):
        kind = _kind(document)
        raise PolicyError(
            "error unmarshaling JSON: while decoding JSON: json: "
            f"cannot unmarshal {kind} into Go value of type map[string]interface {{}}, in {path.name}"
        )
    for key, value in document.items():
        if key in data:
            raise PolicyError(f"Merge error. The '{key}' key was found more than once!")
        data[key] = value


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, list):
        return "array"
    return "string" if isinstance(value, str) else "number"
