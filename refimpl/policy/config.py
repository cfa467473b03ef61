"""The policy configuration: from the text of ``--policy`` to the policy that a run goes by (specification 10 §3)."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from refimpl.errors import PolicyError
from refimpl.golang.document import DocumentError
from refimpl.golang.oserrors import describe
from refimpl.golang.quoting import quote
from refimpl.policy.effective_time import EffectiveTime
from refimpl.policy.schema import POLICY, RESOURCE, SchemaError, check, decode
from refimpl.policy.sources.kinds import is_file, is_git, is_http
from refimpl.record import field, record, replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from refimpl.policy.sources.fetcher import Fetched

_log = logging.getLogger(__name__)

_FILE_TYPES = (".json", ".yaml", ".yml")
_CANDIDATES = tuple(f"{directory}policy{suffix}" for directory in (".ec/", "") for suffix in _FILE_TYPES)
_SHOWN = 200  # characters of what may be a file's name
_UNREADABLE = "unable to parse EnterpriseContractPolicySpec"


class ConfigurationFetcher(Protocol):
    """What brings a configuration from git or the web: `refimpl.policy.sources.Fetcher`."""

    def fetch(self, url: str, kind: str) -> Fetched:
        """Bring what the URL names to a local directory."""


class PolicyCluster(Protocol):
    """What holds policies by name: `refimpl.kubernetes.cluster.Cluster`."""

    def policy(self, reference: str) -> Mapping[str, Any]:
        """The ``spec`` of an EnterpriseContractPolicy, ``[namespace/]name``; PolicyError with the contract's text."""


@record
class Identity:
    """Who must have signed in the keyless workflow; empty means not given."""

    subject: str = ""
    subject_regexp: str = ""
    issuer: str = ""
    issuer_regexp: str = ""

    def __bool__(self) -> bool:
        return bool(self.subject or self.subject_regexp or self.issuer or self.issuer_regexp)

    @classmethod
    def from_json(cls, document: Mapping[str, str]) -> Identity:
        """The ``identity`` of a policy."""
        return cls(
            document.get("subject", ""),
            document.get("subjectRegExp", ""),
            document.get("issuer", ""),
            document.get("issuerRegExp", ""),
        )


@record
class SourceGroup:
    """One entry of ``sources``.

    Attributes:
        name: free text.
        policy: URLs of rules.
        data: URLs of data.
        rule_data: ``ruleData``, which may be any JSON, with sorted members; None when not given.
        config: ``include`` and ``exclude``, lists of criteria; None when not given.
        volatile_config: ``include`` and ``exclude``, lists of criteria with dates and scopes; None when not given.
    """

    name: str = ""
    policy: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    rule_data: Any = None
    config: Mapping[str, Any] | None = None
    volatile_config: Mapping[str, Any] | None = None

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> SourceGroup:
        """The group of a decoded entry."""
        return cls(
            document.get("name", ""),
            tuple(document.get("policy", ())),
            tuple(document.get("data", ())),
            document.get("ruleData"),
            document.get("config"),
            document.get("volatileConfig"),
        )

    def to_json(self) -> dict[str, Any]:
        """As the report shows it (10 §3.5)."""
        return {
            **({"name": self.name} if self.name else {}),
            **({"policy": list(self.policy)} if self.policy else {}),
            **({"data": list(self.data)} if self.data else {}),
            **({"ruleData": self.rule_data} if self.rule_data is not None else {}),
            **({"config": self.config} if self.config is not None else {}),
            **({"volatileConfig": self.volatile_config} if self.volatile_config is not None else {}),
        }


@record
class Policy:
    """A policy configuration.

    Attributes:
        name: free text, like `description`.
        description: free text.
        sources: the source groups, judged one after the other.
        configuration: the old way to say ``include``, ``exclude`` and ``collections`` for all groups; or None.
        rekor_url: of the transparency log; empty means the usual one.
        public_key: text or reference of the key that signed; empty in the keyless workflow.
        identity: the policy's own, as the report shows it; None when not given.
        keyless: who must have signed; None when a key is in force or `overridden` was not called.
        effective_time: open until `at` is called.
    """

    name: str = ""
    description: str = ""
    sources: tuple[SourceGroup, ...] = ()
    configuration: Mapping[str, Any] | None = None
    rekor_url: str = ""
    public_key: str = ""
    identity: Mapping[str, str] | None = None
    keyless: Identity | None = None
    effective_time: EffectiveTime = field(default_factory=lambda: EffectiveTime(None))

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Policy:
        """The policy of a decoded specification."""
        return cls(
            document.get("name", ""),
            document.get("description", ""),
            tuple(SourceGroup.from_json(source) for source in document.get("sources", ())),
            document.get("configuration"),
            document.get("rekorUrl", ""),
            document.get("publicKey", ""),
            document.get("identity"),
        )

    @property
    def spec(self) -> dict[str, Any]:
        """The policy as the report and the ``input`` document show it (10 §3.5)."""
        return {
            **({"name": self.name} if self.name else {}),
            **({"description": self.description} if self.description else {}),
            **({"sources": [source.to_json() for source in self.sources]} if self.sources else {}),
            **({"configuration": self.configuration} if self.configuration is not None else {}),
            **({"rekorUrl": self.rekor_url} if self.rekor_url else {}),
            **({"publicKey": self.public_key} if self.public_key else {}),
            **({"identity": self.identity} if self.identity is not None else {}),
        }

    def overridden(self, *, rekor_url: str = "", public_key: str = "", identity: Identity | None = None) -> Policy:
        """The policy after the flags of the command line, empty ones not given (10 §3.3, rules 1 to 4).

        Raises:
            PolicyError: there is no key, and not enough is known of who must have signed.
        """
        flags = identity or Identity()
        key = public_key or ("" if flags else self.public_key)
        changed = replace(self, rekor_url=rekor_url or self.rekor_url, public_key=key, keyless=None)
        if key:
            return changed
        signer = flags or Identity.from_json(self.identity or {})
        missing = []
        if not (signer.issuer or signer.issuer_regexp):
            missing.append("certificate OIDC issuer must be provided for keyless workflow")
        if not (signer.subject or signer.subject_regexp):
            missing.append("certificate identity must be provided for keyless workflow")
        if missing:
            raise PolicyError("\n".join(missing))
        return replace(changed, keyless=signer)

    def at(self, effective_time: EffectiveTime) -> Policy:
        """The policy as judged at a time."""
        return replace(self, effective_time=effective_time)

    def with_sources(self, pinned: Mapping[str, str]) -> Policy:
        """The policy with each source URL in its pinned form; URLs that `pinned` lacks stay (11 §4.4)."""
        sources = tuple(
            replace(
                source,
                policy=tuple(pinned.get(url, url) for url in source.policy),
                data=tuple(pinned.get(url, url) for url in source.data),
            )
            for source in self.sources
        )
        return replace(self, sources=sources)

    def with_rule_data(self, rule_data: Sequence[Mapping[str, Any]]) -> Policy:
        """The policy with other rule data, one for each group."""
        sources = tuple(replace(source, rule_data=data) for source, data in zip(self.sources, rule_data, strict=True))
        return replace(self, sources=sources)


def resolve(text: str, *, fetcher: ConfigurationFetcher) -> str:
    """The document that ``--policy``, or a value of ``--extra-rule-data``, stands for (10 §3.1 steps 1 to 4).

    Bytes of a file that are no UTF-8 come as surrogates, as in arguments.

    Raises:
        PolicyError: the file or download cannot be read.
    """
    if text.startswith("{"):
        return text
    local = is_file(text)
    if (is_git(text) and not local) or is_http(text):
        fetched = fetcher.fetch(text, "config")
        for candidate in _CANDIDATES:
            path = fetched.path / candidate
            if path.exists():
                return _content(path, str(path))
        raise PolicyError(f"no suitable config file found at {fetched.pinned}")
    if local and text.endswith(_FILE_TYPES):
        return _content(Path(text), text)
    return text


def decode_policy(document: str, *, cluster: PolicyCluster) -> Policy:
    """The policy of a resolved document: nothing, YAML, or a name in the cluster (10 §3.1 and §3.2).

    Raises:
        PolicyError: not YAML, not a policy, or not in the cluster.
    """
    if not document:
        return Policy()
    if ":" in document:
        return _from_text(document)
    try:
        return Policy.from_json(decode(POLICY, dict(cluster.policy(document))))
    except DocumentError as error:
        raise PolicyError(f"unable to fetch EnterpriseContractPolicy: {error}") from None
    except PolicyError as error:
        raise PolicyError(f"{error} ({_no_file(document)}; it was taken for a name in the cluster)") from None


def _no_file(text: str) -> str:
    """Why a text that has no colon wasn't read as a file."""
    try:
        Path(text).stat()
    except (OSError, ValueError):
        return f"no such file: {quote(text[:_SHOWN])}"
    what = "a directory" if Path(text).is_dir() else "a file whose name doesn't end in .json, .yaml or .yml"
    return f"{quote(text)} is {what}"


def _from_text(document: str) -> Policy:
    from refimpl.golang import yamltext

    try:
        document.encode()
        value = yamltext.loads(document)
    except ValueError as error:
        words = "yaml: found invalid Unicode character" if isinstance(error, UnicodeError) else error
        raise PolicyError(f"{_UNREADABLE}: error converting YAML to JSON: {words}") from None
    try:
        spec = _specification(value)
    except DocumentError as error:
        raise PolicyError(f"{_UNREADABLE}: error unmarshaling JSON: while decoding JSON: {error}") from None
    checked = value
    if isinstance(value, dict) and "spec" in value:
        checked = value["spec"]
        if not isinstance(checked, dict):
            raise PolicyError("spec is not a valid map structure")
    try:
        if checked is not None:  # an empty document is an empty policy
            check(checked)
    except SchemaError as error:
        _log.error("%s", error)
        raise PolicyError(str(error)) from None
    return Policy.from_json(spec)


def _specification(value: Any) -> dict[str, Any]:
    """What the document says as custom resource or, where it is none, as bare specification."""
    try:
        resource = decode(RESOURCE, value)
    except DocumentError:
        resource = {}
    spec: dict[str, Any] = resource.get("spec", {}) if resource.get("apiVersion") else decode(POLICY, value)
    return spec


def _content(path: Path, shown: str) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PolicyError(describe("read" if path.is_dir() else "open", shown, error)) from None
    if not content:
        raise PolicyError(f"file {shown} is empty")
    return content.decode(errors="surrogateescape")
