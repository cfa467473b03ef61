"""OPA in a process of its own, behind the interface of `refimpl.rego.engine`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from refimpl.errors import Error, EvaluationError, HostError, InternalError, PolicyError
from refimpl.golang import jsontext
from refimpl.golang.utf8 import replace_surrogates
from refimpl.rego.builtin import UNDEFINED
from refimpl.rego.channel import Answer, Channel
from refimpl.rego.engine import Annotation, DateText, Evaluation, Line, RuleEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from refimpl.deadline import Deadline
    from refimpl.rego.builtin import Builtin

WITHHELD: Final = ("http.send", "net.lookup_ip_addr", "opa.runtime")
"""Functions of OPA that policies may not use (specification 11 §5.4)."""

OPA_VERSION = "v1.15.2"
"""The version whose functions and texts are the contract's."""

_KINDS = ("rego_type_error", "rego_parse_error", "rego_compile_error")
_ADVICE = f"""\
policy compilation error: the policy references Rego built-in functions not available in this version of Conforma CLI \
({OPA_VERSION}).

Upgrade Conforma CLI to a newer version that includes the required functions.

If upgrading does not help, check for less common causes:
  - Conforma CLI disables certain built-in functions for security (opa.runtime, http.send, net.lookup_ip_addr). \
Policies using these will not compile regardless of the CLI version
  - The policy may use Rego syntax requiring a newer OPA version.
    Adjust the policy to target OPA {OPA_VERSION} or earlier

Details:
  """
_NAME = "ec-rego-host.exe" if sys.platform == "win32" else "ec-rego-host"


def executable(environ: Mapping[str, str], directory: Path | None = None) -> Path:
    """The host's program: the one beside this module, else the one that ``EC_REF_REGO_HOST`` names.

    Raises:
        HostError: neither is there.
    """
    built = (directory or Path(__file__).parent / "_bin") / _NAME
    if built.exists():
        return built
    named = environ.get("EC_REF_REGO_HOST")
    if not named:
        raise HostError(
            f"the policy engine is missing: there is no {built}; install the package again, "
            "or let EC_REF_REGO_HOST name the program"
        )
    if not Path(named).exists():
        raise HostError(f"the policy engine is missing: EC_REF_REGO_HOST names {named}, which doesn't exist")
    return Path(named).absolute()


class Host:
    """The policy engine's process; safe to use from several threads, and as a context manager."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    @classmethod
    def start(cls, environ: Mapping[str, str] = os.environ) -> Host:
        """Start the process and return before it is ready.

        Raises:
            HostError: the program is missing or can't be started.
        """
        return cls(Channel(executable(environ)))

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._channel.pid

    @property
    def dead(self) -> HostError | None:
        """Why nothing can be evaluated any more; None while it can."""
        return self._channel.dead

    def inspect(self, directory: Path, *, whole: bool = False, deadline: Deadline | None = None) -> list[RuleEntry]:
        """See `Engine.inspect`; with `whole`, annotations are there as OPA writes them, too."""
        request = {"op": "inspect", "directory": str(directory), "whole": whole}
        reply = self._channel.request(request, deadline=deadline)
        if "error" in reply:
            raise PolicyError(reply["error"])
        return [_entry(member) for member in reply["result"]]

    def load(
        self,
        policies: Sequence[Path],
        data: Sequence[Path],
        *,
        builtins: Sequence[Builtin] = (),
        documents: Mapping[str, Any] | None = None,
        deadline: Deadline | None = None,
    ) -> HostProgram:
        """See `Engine.load`."""
        request = {
            "op": "load",
            "policies": [str(path) for path in policies],
            "data": [str(path) for path in data],
            "documents": documents or {},
            "builtins": [
                {"name": b.name, "decl": b.declaration, "nondeterministic": b.nondeterministic} for b in builtins
            ],
            "withheld": WITHHELD,
            "hosts": [""],
        }
        reply = self._channel.request(request, deadline=deadline)
        if "error" in reply:
            raise PolicyError(with_advice(reply["error"]))
        result = reply["result"]
        rules = {namespace: tuple(names) for namespace, names in result["rules"].items()}
        return HostProgram(self._channel, result["program"], rules, {builtin.name: builtin for builtin in builtins})

    def close(self) -> None:
        """See `Engine.close`."""
        self._channel.close()

    def __enter__(self) -> Host:  # noqa: PYI034 - not to be subclassed
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class HostProgram:
    """A program that the host keeps."""

    def __init__(
        self, channel: Channel, number: int, rules: Mapping[str, tuple[str, ...]], builtins: Mapping[str, Builtin]
    ) -> None:
        self._channel = channel
        self._number = number
        self._rules = rules
        self._builtins = builtins

    @property
    def rules(self) -> Mapping[str, tuple[str, ...]]:
        """See `Program.rules`."""
        return self._rules

    def evaluate(
        self,
        namespaces: Sequence[str],
        input_json: bytes,
        *,
        context: object = None,
        documents: Mapping[str, Any] | None = None,
        narrate: Callable[[Line], None] | None = None,
        trace: bool = False,
        deadline: Deadline | None = None,
    ) -> Evaluation:
        """See `Program.evaluate`."""
        raised: list[BaseException] = []
        reply = self._channel.request(
            {
                "op": "evaluate",
                "program": self._number,
                "namespaces": list(namespaces),
                "documents": documents or {},
                "lines": narrate is not None,
                "trace": trace and narrate is not None,
            },
            deadline=deadline,
            serve=lambda name, arguments: self._serve(name, arguments, context, raised),
            body=input_json,
        )
        if narrate is not None:
            for line in reply.get("lines", ()):
                narrate(Line(**line))
        if "error" in reply:
            cause = raised[0] if raised else None
            if isinstance(cause, Error):
                raise cause
            if cause is not None:
                raise InternalError.of(cause) from cause
            raise EvaluationError(with_advice(reply["error"]))
        result = reply["result"]
        excepted = {namespace: tuple(names) for namespace, names in result["excepted"].items()}
        return Evaluation(result["values"], excepted)

    def close(self) -> None:
        """See `Program.close`."""
        self._channel.request({"op": "release", "program": self._number})

    def _serve(self, name: str, arguments: list[Any], context: object, raised: list[BaseException]) -> Answer:
        """Carry out one call of a builtin."""
        try:
            value = self._builtins[name].call(context, *arguments)
            return Answer("undefined") if value is UNDEFINED else Answer("value", jsontext.encode(value))
        except BaseException as error:  # noqa: BLE001 - whatever it is, it ends the evaluation and is raised there
            raised.append(error)
            return Answer("error", replace_surrogates(f"{type(error).__name__}: {error}").encode())


def with_advice(text: str) -> str:
    """The text of a failed load or evaluation, led by advice if its Rego is to blame (specification 11 §5.4)."""
    return _ADVICE + text if any(kind in text for kind in _KINDS) else text


def _entry(member: dict[str, Any]) -> RuleEntry:
    chain = member.pop("chain")
    for link in chain:
        link["custom"] = _custom(link.get("custom", {}), link.pop("dates", ()))
    return RuleEntry(**member, chain=tuple(Annotation(**link) for link in chain))


def _custom(members: dict[str, Any], dates: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """The members of an annotation: fractions and exponents are floats, as YAML's are, and dates `DateText`."""
    custom: dict[str, Any] = _floats(members)
    for *path, last in dates:
        holder: Any = custom
        for step in path:
            holder = holder[step]
        holder[last] = DateText(holder[last])
    return custom


def _floats(value: Any) -> Any:
    if isinstance(value, jsontext.Number):
        return float(value)
    if isinstance(value, dict):
        return {key: _floats(item) for key, item in value.items()}
    return [_floats(item) for item in value] if isinstance(value, list) else value
