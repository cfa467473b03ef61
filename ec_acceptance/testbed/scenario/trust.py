"""How a scenario's validator is told whom to trust for keyless signatures (specification 20 §3.3)."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ec_acceptance.testbed.sigstore.ca import pem_chain
from ec_acceptance.testbed.sigstore.tuf import TUFMirror, TUFRepository

if TYPE_CHECKING:
    from ec_acceptance.testbed.scenario.world import World

__all__ = ["Trust"]


class Trust:
    """Authorities and logs in files, or by a TUF mirror that is the scenario's own."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.sigstore = world.services.sigstore

    @cached_property
    def repository(self) -> TUFRepository:
        """The repository that vouches for the trusted root."""
        return TUFRepository(self._world.services.key, {"trusted_root.json": self.sigstore.trusted_root.encoded()})

    @cached_property
    def mirror(self) -> TUFMirror:
        """The mirror that serves the repository."""
        mirror = TUFMirror(self.repository)
        self._world.redactions.add("mirror", mirror.url)
        self._world.variables["MIRROR"] = mirror.url
        self._world.servers.extra_servers.append(mirror)
        return mirror

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

    def in_file(self, variable: str, text: str) -> None:
        """Write a file and name it in a variable."""
        path = self._world.folders.root / f"{variable.lower()}.pem"
        path.write_text(text, encoding="ascii")
        self._world.environment[variable] = str(path)
        self._world.redactions.add(f"file {variable}", str(path))

    def by_mirror(self) -> None:
        """Name the mirror, and the root that it starts from; no file tells of authorities or logs."""
        root = self._world.folders.root / "tuf-root.json"
        root.write_bytes(self.repository.trusted)
        self._world.variables["TUF_ROOT_JSON"] = str(root)
        self._world.environment |= {
            "SIGSTORE_REKOR_PUBLIC_KEY": "",
            "TUF_MIRROR": self.mirror.url,
            "TUF_ROOT_JSON": str(root),
        }
