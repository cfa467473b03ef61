"""The Docker configuration from which the validator takes credentials for registries."""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from ec_acceptance.testbed.scenario.folders import Folders

__all__ = ["DockerConfiguration"]


class DockerConfiguration:
    """`~/.docker/config.json` of a scenario, and the credential helpers that it names.

    Args:
        folders: of the scenario; helpers are in `bin` below the root.
        environment: of the validator; its `PATH` gets the folder of the helpers.
    """

    def __init__(self, folders: Folders, environment: MutableMapping[str, str]) -> None:
        self._folders = folders
        self._environment = environment

    def store(self, address: str, user: str, password: str, *, helper: str = "") -> None:
        """Store credentials for a registry in the file, or in a credential helper that it names."""
        if helper:
            answer = json.dumps({"ServerURL": address, "Username": user, "Secret": password})
            program = self._folders.root / "bin" / f"docker-credential-{helper}"
            program.parent.mkdir()
            program.write_text(f"#!/bin/sh\necho '{answer}'\n", encoding="ascii")
            program.chmod(0o755)
            self._environment["PATH"] = os.pathsep.join([str(program.parent), os.environ.get("PATH", "")])
            document: dict[str, Any] = {"credHelpers": {address: helper}}
        else:
            encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
            document = {"auths": {address: {"auth": encoded}}}
        self.write(json.dumps(document))

    def write(self, text: str) -> None:
        """Write the file, whatever stands in it."""
        path = self._folders.home / ".docker" / "config.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
