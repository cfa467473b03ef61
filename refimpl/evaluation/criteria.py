"""The include and exclude criteria of a source group (specification 11 §7.1 and §7.3)."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any, Protocol

from refimpl.errors import InvalidReferenceError
from refimpl.evaluation.dates import parse_date_or_time
from refimpl.golang.printing import format_quoted
from refimpl.oci.reference import parse
from refimpl.record import field, record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_log = logging.getLogger(__name__)
_EXPANDED = re.compile(r"-sha256:[0-9a-f]{64}-\S+\Z")


class Group(Protocol):
    """What evaluation needs of one entry of the policy's ``sources``; each as in the policy configuration."""

    @property
    def config(self) -> Mapping[str, Any] | None:
        """``include`` and ``exclude``: lists of criteria."""

    @property
    def volatile_config(self) -> Mapping[str, Any] | None:
        """``include`` and ``exclude``: lists of criteria with dates and scopes."""

    @property
    def rule_data(self) -> Any:
        """Data for the rules, None without any; ``pipeline_intention`` of an object counts here."""


@record(frozen=False)
class Items:
    """One list of criteria, split by what it applies to."""

    default: list[str] = field(default_factory=list)
    by_image: dict[str, list[str]] = field(default_factory=dict)
    by_component: dict[str, list[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.default or self.by_image or self.by_component)

    @property
    def unscoped(self) -> tuple[str, ...]:
        """What must match some rule, or is reported: all but the items of components."""
        return (*self.default, *(item for items in self.by_image.values() for item in items))

    def select(self, image_keys: Sequence[str], component_names: Sequence[str]) -> tuple[str, ...]:
        """What applies to one component, repetitions kept."""
        found: list[str] = []
        for key in image_keys:
            found += self.by_image.get(key, ())
        for name in component_names:
            found += self.by_component.get(name, ())
        return (*found, *self.default)


@record
class Criteria:
    """Both lists of a group; not changed after `of`."""

    include: Items
    exclude: Items

    @classmethod
    def of(cls, group: Group, configuration: Mapping[str, Any] | None, *, time_ns: int) -> Criteria:
        """The group's criteria at a time.

        Args:
            group: as in the policy.
            configuration: the policy's own ``configuration``, which counts only for a group without active items.
            time_ns: nanoseconds since 1970; outside their dates volatile criteria don't count.
        """
        include, exclude = Items(), Items()
        config = group.config or {}
        volatile = group.volatile_config or {}
        for items, key in ((include, "include"), (exclude, "exclude")):
            items.default += config.get(key) or ()
            for criterion in volatile.get(key) or ():
                if _active(criterion, time_ns):
                    _add(items, criterion)
        if configuration and not include and not exclude:
            include.default += configuration.get("include") or ()
            exclude.default += configuration.get("exclude") or ()
            include.default += (f"@{collection}" for collection in configuration.get("collections") or ())
        if not include:
            include.default.append("*")
        return cls(include, exclude)

    def select(self, image_ref: str, component_name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The include and exclude items for one component.

        Args:
            image_ref: ``repository@digest``; for any text that is no reference only the default items count.
            component_name: after expansion; empty for none of the components' items.
        """
        try:
            reference = parse(image_ref)
        except InvalidReferenceError:
            return tuple(self.include.default), tuple(self.exclude.default)
        images = [str(reference.repository)]
        if reference.digest:
            images.append(reference.digest)
        names = [component_name] if component_name else []
        original = _EXPANDED.sub("", component_name)
        if original and original != component_name:
            names.append(original)
        return self.include.select(images, names), self.exclude.select(images, names)


def _active(criterion: Mapping[str, Any], time_ns: int) -> bool:
    bounds: list[int] = []
    for key in ("effectiveOn", "effectiveUntil"):
        text = criterion.get(key) or ""
        point = parse_date_or_time(text) if text else time_ns
        if point is None:
            value = format_quoted(criterion.get("value") or "")
            _log.warning(
                "skipping volatile criteria %s: unable to parse %s as RFC3339 or 2006-01-02", value, format_quoted(text)
            )
            return False
        bounds.append(point)
    return bounds[0] <= time_ns <= bounds[1]


def _add(items: Items, criterion: Mapping[str, Any]) -> None:
    value = criterion.get("value") or ""
    image = criterion.get("imageRef") or criterion.get("imageUrl") or criterion.get("imageDigest")
    if image:
        items.by_image.setdefault(image, []).append(value)
        return
    names = criterion.get("componentNames") or ()
    for name in names:
        items.by_component.setdefault(name, []).append(value)
    if not names:
        items.default.append(value)
