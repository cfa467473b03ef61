"""What all scenarios of a run share: the registry's back end, the transparency log, the certificate authority."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ec_acceptance.testbed.expect.snapshots import OURS, Snapshots
from ec_acceptance.testbed.registry.choice import open_backend
from ec_acceptance.testbed.rekor import Log
from ec_acceptance.testbed.servers.certificates import Authority
from ec_acceptance.testbed.signing import KeyPair
from ec_acceptance.testbed.trees import remove_tree
from ec_acceptance.testbed.validator.adapter import Adapter, AdapterError
from ec_acceptance.testbed.validator.process import Validator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ec_acceptance.testbed.registry.backend import Backend
    from ec_acceptance.testbed.sigstore.instance import Sigstore

__all__ = ["Options", "OptionsError", "Services"]

_SEED = "ec-acceptance"
_WORDS = {"update": True, "compare": False}


class OptionsError(Exception):
    """An option of the run (`-D name=value`) can't be used."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a run can be told with `-D name=value` (README, "Another validator").

    Attributes:
        validator: command line of the validator; empty for the adapter's, or the `ec-ref` beside the interpreter.
        adapter: how the protocol's words become those of the validator.
        claims: the profiles that the validator claims, or `all`; None: all but the optional ones.
        registry: `auto`, `container`, `embedded`, or the URL of a registry.
        registry_image: for the container.
        snapshots: `compare` or `update`.
        origin: what entries say that an update records from another validator.
        timeout: seconds that one run of the validator may take.
        artifacts: folder for what failed scenarios leave.
        used: file for the snapshots that were compared with; then unused ones are somebody else's business.
        keep: of which scenarios `artifacts` gets what they saw: `failed`, `all` or `none`.
        version: what the validator calls its version, where somebody has asked it.
    """

    validator: str = ""
    adapter: Adapter = field(default_factory=Adapter)
    claims: frozenset[str] | None = None
    registry: str = "auto"
    registry_image: str = "registry:2"
    snapshots: str = "compare"
    origin: str = ""
    timeout: float = 60.0
    artifacts: Path = Path("artifacts")
    used: Path | None = None
    keep: str = "failed"
    version: str = ""

    @classmethod
    def read(cls, given: Mapping[str, str]) -> Options:
        """The options of `-D name=value`.

        Raises:
            OptionsError: an unknown name, or a value that can't be.
        """
        known = {one.name for one in fields(cls)}
        if unknown := sorted(set(given) - known):
            raise OptionsError(f"unknown option -D {unknown[0]}; there are: {', '.join(sorted(known))}")
        if given.get("snapshots", "compare") not in _WORDS:
            raise OptionsError(f"-D snapshots={given['snapshots']}: must be compare or update")
        if sys.flags.optimize:
            raise OptionsError(
                "python -O (PYTHONOPTIMIZE) leaves out assertions, so nothing would fail: run without it"
            )
        if given.get("keep", "failed") not in {"failed", "all", "none"}:
            raise OptionsError(f"-D keep={given['keep']}: must be failed, all or none")
        try:
            timeout = float(given.get("timeout", 60))
        except ValueError:
            raise OptionsError(f"-D timeout={given['timeout']}: must be a number of seconds") from None
        try:
            adapter = Adapter.find(given["adapter"]) if given.get("adapter") else Adapter()
        except AdapterError as error:
            raise OptionsError(f"-D adapter={error}") from None
        claims = given["claims"].split(",") if "claims" in given else adapter.claims
        return cls(
            validator=given.get("validator", ""),
            adapter=adapter,
            claims=None if claims is None else frozenset(claims),
            registry=given.get("registry", "auto"),
            registry_image=given.get("registry_image", "registry:2"),
            snapshots=given.get("snapshots", "compare"),
            origin=given.get("origin", ""),
            timeout=timeout,
            artifacts=Path(given.get("artifacts", "artifacts")),
            used=Path(given["used"]) if "used" in given else None,
            keep=given.get("keep", "failed"),
            version=given.get("version", ""),
        )


@dataclass(frozen=True)
class Services:
    """The services of one run; the scenarios' own addresses are made on top of them.

    `project` is the folder that has the folder of features: files that scenarios name are relative to it.
    `pauses` has the longest pause of an unfaulted validation, in seconds, by the reader of files (`pace`).
    """

    options: Options
    folder: Path
    validator: Validator
    backend: Backend
    log: Log
    authority: Authority
    ca_file: Path
    log_key_file: Path
    snapshots: Snapshots
    project: Path
    examples: Path
    pauses: dict[str, float] = field(default_factory=dict)

    @classmethod
    def start(cls, options: Options, features: Path) -> Services:
        """Start what is shared.

        Args:
            options: of the run.
            features: the folder with the features; snapshots are beside it, examples in it.

        Raises:
            ValidatorNotFoundError: there is no such validator.
            UnavailableError: the registry that was asked for can't be had.
        """
        folder = Path(tempfile.mkdtemp(prefix="ec-acceptance-"))
        try:
            validator = Validator(options.validator, options.adapter, folder)
            backend = open_backend(options.registry, image=options.registry_image)
        except Exception:
            folder.rmdir()
            raise
        authority = Authority()
        log = Log(KeyPair.derive(_SEED, "transparency log"))
        log_key_file = folder / "rekor.pub"
        log_key_file.write_text(log.public_pem, encoding="ascii")
        update = _WORDS[options.snapshots]
        origin = OURS
        if update and not validator.is_default:
            origin = f"oracle {options.origin or validator.version()}"
        return cls(
            options=options,
            folder=folder,
            validator=validator,
            backend=backend,
            log=log,
            authority=authority,
            ca_file=authority.write(folder / "ca.pem"),
            log_key_file=log_key_file,
            snapshots=Snapshots(features.parent / "snapshots", update=update, origin=origin),
            project=features.parent,
            examples=features / "examples",
        )

    def key(self, name: str) -> KeyPair:
        """The key pair of a name, the same in each run."""
        return KeyPair.derive(_SEED, name)

    @cached_property
    def sigstore(self) -> Sigstore:
        """The instance that keyless signatures are made with."""
        from ec_acceptance.testbed.sigstore.instance import Sigstore  # most scenarios have none

        return Sigstore(self.key, self.log)

    @cached_property
    def validator_version(self) -> str:
        """What the validator calls its version."""
        return self.options.version or self.validator.version()

    def close(self) -> None:
        """Stop everything and remove the scratch folder."""
        self.backend.close()
        remove_tree(self.folder)
