"""``validate image`` as a call: the verdict is a value (docs/library.md).

Nothing is printed, no handler of signals is set and the process isn't ended; what the log says goes to the logger
``refimpl``. Calls may be made again and again, and from several threads at once. Each has a policy engine of its own.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from refimpl.command_line.options import Options
from refimpl.errors import Error, InternalError, UsageError
from refimpl.golang.jsontext import Number

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from refimpl.report.model import ComponentResult
    from refimpl.result import Result

__all__ = ["ComponentVerdict", "Finding", "Verdict", "validate_image"]

_UNNAMED = "Unnamed"

logging.getLogger("refimpl").addHandler(logging.NullHandler())  # else warnings would go to standard error


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation, a warning or a success.

    Attributes:
        code: of the rule, such as ``main.rule``; empty if it has none.
        msg: what it says.
        term: what it is about; empty if the rule names none, the first of several.
        metadata: all that the rule tells of it as JSON, `code` and `term` included; fractions are floats.
    """

    code: str
    msg: str
    term: str
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ComponentVerdict:
    """What was found about one image.

    Attributes:
        name: of the component.
        image: ``registry/path@digest``, or the reference as given if it couldn't be resolved.
        success: whether there is no violation.
        violations: in the order of the report, as are the others.
        warnings: likewise.
        successes: likewise.
    """

    name: str
    image: str
    success: bool
    violations: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    successes: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found about all images.

    Attributes:
        success: whether no component has a violation.
        components: by descending reference, as in the report; those that indexes name are among them.
        effective_time: at which the rules were judged, RFC 3339.
        policy: the configuration after all that was given besides, its sources pinned.
    """

    success: bool
    components: tuple[ComponentVerdict, ...]
    effective_time: str
    policy: Mapping[str, Any]


def validate_image(
    images: str | Iterable[str] | Mapping[str, str],
    *,
    policy: str | Path | Mapping[str, Any],
    public_key: str | Path = "",
    rekor_url: str = "",
    ignore_rekor: bool = False,
    effective_time: str | datetime = "now",
    allow_past_effective_time: bool = False,
    extra_rule_data: Iterable[str] = (),
    info: bool = True,
    workers: int = 5,
    timeout: float = 300.0,
    environ: Mapping[str, str] | None = None,
) -> Verdict:
    """Decide whether images conform to a policy.

    What keeps one image from being judged is a violation of it, ``builtin.image.judged``, or, if it is a fault of ours,
    ``builtin.internal.error``; the others keep their verdicts. An error is raised where no image could be judged.

    Args:
        images: a reference, several, or references by the names of their components.
        policy: as for ``--policy``: a file, JSON or YAML, a URL, or an object in the cluster; a mapping is the
            specification itself.
        public_key: as for ``--public-key``; replaces the policy's.
        rekor_url: of the transparency log; replaces the policy's.
        ignore_rekor: don't check the transparency log.
        effective_time: ``now``, ``attestation``, an RFC 3339 time or a date; a time with its zone.
        allow_past_effective_time: it may be in the past.
        extra_rule_data: each ``key=value``.
        info: keep titles, descriptions and solutions in `Finding.metadata`.
        workers: images judged at the same time, less one.
        timeout: seconds.
        environ: in the place of the process's environment: credentials, the cache, certificates and so on.

    Raises:
        Error: there is no verdict; the subclasses of `refimpl.errors` say why.
    """
    if workers < 0:
        raise UsageError("workers must not be negative")
    if isinstance(effective_time, datetime):
        if effective_time.tzinfo is None:
            raise UsageError("effective_time needs a time zone")
        effective_time = effective_time.isoformat()
    options = Options(
        json_input=_snapshot(images),
        policy=json.dumps(policy) if isinstance(policy, Mapping) else str(policy),
        public_key=str(public_key),
        rekor_url=rekor_url,
        ignore_rekor=ignore_rekor,
        effective_time=effective_time,
        allow_past_effective_time=allow_past_effective_time,
        extra_rule_data=tuple(extra_rule_data),
        info=info,
        workers=workers,
        processes=1,  # the caller has threads, which a copy of its process would lack
        timeout=timeout,
    )
    from refimpl.commands.validate_image import validate_components
    from refimpl.report.outcome import Kept

    try:
        report = validate_components(
            options, dict(os.environ if environ is None else environ), kept=Kept(documents=False)
        ).report
    except Error:
        raise
    except Exception as error:
        raise InternalError.of(error) from error
    return Verdict(
        report.success,
        tuple(_component(one) for one in report.components),
        report.effective_time,
        _plain(report.policy),
    )


def _snapshot(images: str | Iterable[str] | Mapping[str, str]) -> str:
    if isinstance(images, str):
        images = (images,)
    named = images.items() if isinstance(images, Mapping) else [(_UNNAMED, image) for image in images]
    return json.dumps({"components": [{"name": name, "containerImage": image} for name, image in named]})


def _component(found: ComponentResult) -> ComponentVerdict:
    return ComponentVerdict(
        found.name,
        found.container_image,
        found.success,
        *(tuple(_finding(one) for one in kind) for kind in (found.violations, found.warnings, found.successes)),
    )


def _finding(result: Result) -> Finding:
    return Finding(result.code, result.msg, result.term, _plain(result.metadata))


def _plain(value: Any) -> Any:
    if isinstance(value, Number):
        return float(value)
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
