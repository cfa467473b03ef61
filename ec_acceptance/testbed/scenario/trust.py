"""How a scenario's validator is told whom to trust for keyless signatures (specification 20 §3.3)."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ec_acceptance.testbed.fixtures.mirrors import MIRRORS
from ec_acceptance.testbed.sigstore.ca import pem_chain
from ec_acceptance.testbed.sigstore.tuf import TUFMirror, TUFRepository

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from ec_acceptance.testbed.expect.redactions import Redactions
    from ec_acceptance.testbed.scenario.folders import Folders
    from ec_acceptance.testbed.scenario.servers import ScenarioServers
    from ec_acceptance.testbed.scenario.services import Services
    from ec_acceptance.testbed.servers.http import Response

__all__ = ["Trust"]


class Trust:
    """Authorities and logs in files, or by a TUF mirror that is the scenario's own.

    Args:
        services: of the run.
        servers: of the scenario; the mirror is one of them.
        folders: of the scenario.
        redactions: get the mirror's address and the paths of files.
        variables: get these, for `${…}`.
        environment: of the validator.
    """

    def __init__(
        self,
        services: Services,
        servers: ScenarioServers,
        folders: Folders,
        redactions: Redactions,
        variables: MutableMapping[str, str],
        environment: MutableMapping[str, str],
    ) -> None:
        self.sigstore = services.sigstore
        self.document = self.sigstore.trusted_root
        self.first_files: dict[str, bytes | Response | None] = {}
        self._services = services
        self._servers = servers
        self._folders = folders
        self._redactions = redactions
        self._variables = variables
        self._environment = environment

    @cached_property
    def repository(self) -> TUFRepository:
        """The repository that vouches for the trusted root."""
        return TUFRepository(self._services.key, {"trusted_root.json": self.document.encoded()})

    @cached_property
    def mirror(self) -> TUFMirror:
        """The mirror that serves the repository."""
        mirror = TUFMirror(self.repository.files)
        self.first_files = dict(mirror.files)
        self._redactions.add("mirror", mirror.url)
        self._variables["MIRROR"] = mirror.url
        self._servers.extra_servers.append(mirror)
        return mirror

    def make_odd(self, oddity: str) -> None:
        """Have the mirror serve what is odd in the way of this name (fixtures/mirrors.py)."""
        MIRRORS[oddity](self.mirror, self.repository)

    def in_files(self, *, intermediates: bool = True) -> None:
        """Name the authorities and logs in files, each by its variable; of authorities the root alone, if wanted."""
        texts = {
            "SIGSTORE_ROOT_FILE": pem_chain(
                self.sigstore.authority.chain if intermediates else self.sigstore.root.chain
            ),
            "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE": self.sigstore.certificate_log.key.public_pem,
        }
        for variable, text in texts.items():
            self.in_file(variable, text)

    def stamps_in_file(self) -> None:
        """Name the timestamp authority in a file, by its variable."""
        self.in_file("SIGSTORE_TSA_CERTIFICATE_FILE", pem_chain(self.sigstore.timestamps.chain))

    def in_file(self, variable: str, text: str) -> None:
        """Write a file and name it in a variable."""
        path = self._folders.root / f"{variable.lower()}.pem"
        path.write_text(text, encoding="ascii")
        self._environment[variable] = str(path)
        self._redactions.add(f"file {variable}", str(path))

    def by_mirror(self) -> None:
        """Name the mirror, and the root that it starts from; no file tells of authorities or logs."""
        root = self._folders.root / "tuf-root.json"
        root.write_bytes(self.repository.trusted)
        self._variables["TUF_ROOT_JSON"] = str(root)
        self._environment.update(
            {
                "SIGSTORE_REKOR_PUBLIC_KEY": "",
                "TUF_MIRROR": self.mirror.url,
                "TUF_ROOT_JSON": str(root),
            }
        )

    def as_parts(self, parts: Mapping[str, bytes], usages: Mapping[str, str]) -> None:
        """Have the mirror serve roots of trust as targets of their own, and no whole trusted root."""
        self.by_mirror()
        self.repository.publish(parts, usages=usages)
        self.repository.withdraw("trusted_root.json")
        self.mirror.update(self.repository)

    def by_folder(self) -> None:
        """Let the mirror be a folder with what it serves; its variables are the roots' of before."""
        folder = self._folders.root / "tuf-mirror"
        for path, content in self.mirror.files.items():
            if isinstance(content, bytes):
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content)
        self._variables["MIRROR"] = self._environment["TUF_MIRROR"] = folder.as_uri()
        self._redactions.add("mirror", folder.as_uri())

    def in_one_file(self) -> None:
        """Name a file with the trusted root; no other file tells of authorities or logs, and no mirror."""
        self._environment["SIGSTORE_REKOR_PUBLIC_KEY"] = ""
        self.in_file("EC_TRUSTED_ROOT", self.document.encoded().decode())
