"""``inspect policy``: the rules of sources, and what their annotations tell (docs/commands.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refimpl.commands.inspect_sources import fetch_sources
from refimpl.deadline import Deadline
from refimpl.errors import UsageError
from refimpl.evaluation.rules import RuleInfo, check_values, is_kept
from refimpl.golang import jsontext
from refimpl.golang.utf8 import replace_surrogates
from refimpl.record import record
from refimpl.redaction import without_secrets
from refimpl.rego.host import Host
from refimpl.system.streams import print_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from refimpl.command_line.flags import ParsedFlags
    from refimpl.command_line.options import Options
    from refimpl.rego.engine import Annotation, RuleEntry

_FORMATS = ("json", "text", "names", "short-names")
_DOCUMENTATION = "https://conforma.dev/docs/policy/packages"


@record
class Choice:
    """Which rules to show: those that match any of what isn't empty; without that, all.

    Attributes:
        rule: a code, or a short name.
        package: dotted, without ``data.``.
        collection: without ``@``.
    """

    rule: str = ""
    package: str = ""
    collection: str = ""

    def includes(self, link: Link) -> bool:
        """Whether one of the rule's blocks is to be shown."""
        if not (self.rule or self.package or self.collection):
            return True
        named = bool(self.rule) and self.rule in (link.info.code, link.info.short_name)
        packed = bool(self.package) and self.package == link.info.package
        return named or packed or (bool(self.collection) and self.collection in link.info.collections)


@record
class Link:
    """One block of metadata that speaks of a rule, or a rule without any.

    Attributes:
        name: the rule's, such as ``deny``.
        annotation: as inspected, whole; its scope is empty without a block.
        info: what it tells; without a block, the code is made of package and name.
    """

    name: str
    annotation: Annotation
    info: RuleInfo

    @property
    def kind(self) -> str:
        """``deny`` or ``warn`` for the rules that are named just so, else ``other``."""
        return self.name if self.name in {"deny", "warn"} else "other"


def inspect_policy(parsed: ParsedFlags, options: Options, environ: Mapping[str, str]) -> None:
    """Carry out the command; the rules go to standard output.

    Raises:
        Error: a source cannot be had, or its rules cannot be read; nothing is printed.
    """
    values = parsed.values
    deadline = Deadline(options.timeout)
    with Host.start(environ) as host:
        urls = _urls(parsed, options, environ, deadline)
        if values["output"] not in _FORMATS:
            raise UsageError(f"invalid value for --output '{values['output']}'. accepted values: {', '.join(_FORMATS)}")
        choice = Choice(values["rule"], values["package"], values["collection"])
        found: dict[str, list[Link]] = {}
        with fetch_sources(urls, keep=values["dest"], options=options, environ=environ, deadline=deadline) as sources:
            for source in {source.pinned: source for source in sources.values()}.values():
                entries = host.inspect(source.path, whole=True, deadline=deadline)
                check_values(entries)
                found[without_secrets(source.pinned)] = [link for link in _links(entries) if choice.includes(link)]
    print_text(replace_surrogates(render(found, values["output"])))


def render(found: Mapping[str, Sequence[Link]], output: str) -> str:
    """The rules by source, in the order of the sources' URLs; `output` is a format."""
    ordered = sorted(found.items())
    if output == "json":
        return jsontext.dumps({url: [_show_link(link) for link in links] for url, links in ordered}) + "\n"
    if output == "text":
        return "".join(f"# Source: {url}\n\n{''.join(map(_block, _rules(links)))}" for url, links in ordered)
    return "".join(_line(link) for _, links in ordered for link in _rules(links))


def _urls(parsed: ParsedFlags, options: Options, environ: Mapping[str, str], deadline: Deadline) -> Sequence[str]:
    sources: Sequence[str] = parsed.values["source"]
    if "policy" not in parsed.given:
        return sources
    from refimpl.kubernetes.cluster import Cluster
    from refimpl.policy.config import decode_policy

    cluster = Cluster(environ, kubeconfig=options.kubeconfig, deadline=deadline)
    policy = decode_policy(options.policy, cluster=cluster)
    if "source" in parsed.given:
        raise UsageError(
            "if any flags in the group [policy source] are set none of the others can be; [policy source] were all set"
        )
    return [url for group in policy.sources for url in group.policy]


def _links(entries: Iterable[RuleEntry]) -> list[Link]:
    return [
        Link(entry.name, annotation, _info(entry, annotation))
        for entry in entries
        for annotation in entry.chain
        if is_kept(entry, annotation)
    ]


def _info(entry: RuleEntry, annotation: Annotation) -> RuleInfo:
    if annotation.scope:
        return RuleInfo.from_annotation(entry.package, annotation)
    return RuleInfo(entry.package, f"{entry.package}.{entry.name}")


def _rules(links: Iterable[Link]) -> list[Link]:
    """Rules only: what is said of documents and packages is for machines."""
    return [link for link in links if link.annotation.scope in {"", "rule"}]


def _show_link(link: Link) -> Mapping[str, Any]:
    return link.annotation.whole or {}


def _line(link: Link) -> str:
    return f"{link.info.code}\n" if link.annotation.scope else _block(link)


def _block(link: Link) -> str:
    info = link.info
    if not link.annotation.scope:
        return f"{info.code}\n(No annotations found)\n--\n"
    lines = [f"{info.code} ({link.kind})"]
    if info.short_name:
        page = info.package.rpartition(".")[2]
        lines.append(f"{_DOCUMENTATION}/release_{page}.html#{page}__{info.short_name}")
    lines += [info.title, info.description]
    if info.collections:
        lines.append(f"[{' '.join(info.collections)}]")
    return "".join(f"{line}\n" for line in (*lines, "--"))
