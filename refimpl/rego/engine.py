"""What the validator asks of a Rego engine (specification 11 §5 and §7.5), whichever engine it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

from refimpl.record import field, record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from refimpl.deadline import Deadline
    from refimpl.rego.builtin import Builtin


class DateText(str):
    """An unquoted YAML timestamp or date as Go prints it, such as ``2020-01-01 00:00:00 +0000 UTC``; no text."""

    __slots__ = ()


@record
class Annotation:
    """One link of a rule's annotation chain.

    Attributes:
        scope: ``rule``, ``document``, ``package`` or ``subpackages``; empty for the one link that stands for a rule
            without a rule-scope block.
        title: empty when the block has none.
        description: likewise.
        custom: the block's ``custom`` mapping as JSON; unquoted YAML timestamps and dates as `DateText`, but those of
            ``effective_on`` and ``solution`` as RFC 3339 texts.
        unsupported: empty, or the text ``the rule "…" returns an unsupported value, at <file>:<row>`` when this link's
            rule has such a head (11 §5.1): an error if the link is kept.
        whole: all that OPA knows of the block, with the place of what it speaks of: ``annotations`` (left out without a
            block), ``location`` and ``path``; None unless inspection was asked for it.
    """

    scope: str
    title: str = ""
    description: str = ""
    custom: Mapping[str, Any] = field(default_factory=dict)
    unsupported: str = ""
    whole: Mapping[str, Any] | None = None


@record
class RuleEntry:
    """One rule of an inspected source.

    Attributes:
        package: dotted path without ``data.``, such as ``policy.release.foo``.
        name: the rule's name, such as ``deny``; of a rule named by a path, such as ``lib.x``, empty, but ``deny`` for
            ``deny.x``.
        file: path relative to the inspected directory.
        row: line of the rule's head, from 1.
        code: what an un-annotated deny or warn rule is taken to report (11 §5.2, "code only"); may lack a dot.
        chain: its annotations: rule scope, document, package, nearest subpackages first.
    """

    package: str
    name: str
    file: str
    row: int
    code: str
    chain: tuple[Annotation, ...]


@record
class Line:
    r"""A line that evaluation says (11 §10): log a print at debug level, a trace at trace level.

    `text` is complete, such as ``[data.a.deny] a.rego:3: hello\n``.
    """

    kind: Literal["print", "trace"]
    text: str


@record
class Evaluation:
    """What the deny, violation and warn rules said.

    Attributes:
        values: namespace → rule name → elements of the rule's set or array, in OPA's order. Rules that are undefined,
            or that are no set or array, have no elements. Fractions and exponents are `jsontext.Number`.
        excepted: namespace → rules that an ``exception`` rule silenced: what they said is in `values`, but doesn't
            count.
    """

    values: Mapping[str, Mapping[str, Sequence[Any]]]
    excepted: Mapping[str, tuple[str, ...]]


class Program(Protocol):
    """Compiled policies with their data; may be evaluated from several threads at once."""

    @property
    def rules(self) -> Mapping[str, tuple[str, ...]]:
        """Namespace (dotted, without ``data.``) → its distinct rule names, helpers too, in file order."""

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
        """Evaluate all deny, violation and warn rules of the namespaces, in the order given (11 §7.5).

        Args:
            namespaces: unknown ones have no rules.
            input_json: the ``input`` document (11 §6); its numbers become 64-bit floats.
            context: handed to each builtin that is called.
            documents: members of ``data`` that only this evaluation sees, by their path, such as ``conftest/file``.
                Evaluations with documents of their own run one after another.
            narrate: called with each print and trace line, in order, before this returns or raises. Without it,
                evaluation is faster.
            trace: trace lines too.
            deadline: ends the evaluation.

        Raises:
            EvaluationError: a rule failed; the text begins ``query rule: check: query rule: …``, or is that of 11 §5.4.
            HostError: the engine died.
            TimeoutExceededError: the deadline passed.
            Error: what a builtin raised, if it was one of ours.
        """

    def close(self) -> None:
        """Forget the program."""


class Engine(Protocol):
    """Makes programs of policies."""

    def inspect(self, directory: Path, *, deadline: Deadline | None = None) -> list[RuleEntry]:
        """All rules of the ``*.rego`` files below, without ``*_test.rego``, in file order (11 §5.1).

        Raises:
            PolicyError: no such file, or one doesn't parse; text as 11 §5.1.
        """

    def load(
        self,
        policies: Sequence[Path],
        data: Sequence[Path],
        *,
        builtins: Sequence[Builtin] = (),
        documents: Mapping[str, Any] | None = None,
        deadline: Deadline | None = None,
    ) -> Program:
        """Compile all policies below the given directories, with the data documents below the others (11 §4.6, §5.4).

        Args:
            policies: directories; named as given in error texts.
            data: directories.
            builtins: the ``ec.*`` functions.
            documents: members of ``data`` by their path, such as ``conftest/file``; they replace those of the
                directories.
            deadline: ends the load.

        Raises:
            PolicyError: text as 11 §4.6 and §5.4, the wrapping "policy compilation error: …" included.
        """

    def close(self) -> None:
        """End the engine; what runs fails with HostError."""
