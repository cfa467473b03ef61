"""Credentials for registries, from the files and helpers that Docker and Podman use.

The most specific key wins: repository, its parents, registry. For each, what `DOCKER_AUTH_CONFIG` says goes before the
credential helper, and that before the file.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from refimpl.errors import RegistryError
from refimpl.oci import dockerconfig
from refimpl.oci.dockerconfig import ANONYMOUS, Credentials
from refimpl.record import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from refimpl.deadline import Deadline
    from refimpl.oci.dockerconfig import Configuration
    from refimpl.oci.reference import Repository

#: The largest answer of a credential helper, in bytes.
HELPER_LIMIT = 1 << 20
_HELPER_SECONDS = 60.0
_HUB = "index.docker.io"
_HUB_KEYS = ("https://index.docker.io/v1/", "index.docker.io", "docker.io")
_NOT_FOUND = b"credentials not found"
_IDENTITY = "<token>"


class Keychain:
    """Looks credentials up; files are read once. Thread-safe."""

    def __init__(self, environ: Mapping[str, str], deadline: Deadline) -> None:
        self._environ = environ
        self._deadline = deadline
        self._lock = threading.Lock()
        self._loaded: Configuration | None = None
        self._found: dict[Repository, Credentials] = {}
        self._helped: dict[tuple[str, str], Credentials] = {}

    def credentials(self, repository: Repository) -> Credentials:
        """Those for `repository`, or `ANONYMOUS`.

        Raises:
            RegistryError: the file isn't readable, or a helper fails.
        """
        found = self._found.get(repository)
        if found is None:
            found = self._found[repository] = self._resolve(repository)
        return found

    def _resolve(self, repository: Repository) -> Credentials:
        configuration = self._configuration()
        for key in _keys(repository):
            found = configuration.inline.get(key, ANONYMOUS)
            if found == ANONYMOUS:
                found = configuration.look_up(key)
                if name := configuration.helper(key):
                    helped = self._helper(name, key)
                    if helped != ANONYMOUS:
                        found = replace(helped, registry_token=found.registry_token)
            if found != ANONYMOUS:
                return found
        return ANONYMOUS

    def _configuration(self) -> Configuration:
        with self._lock:
            if self._loaded is None:
                self._loaded = dockerconfig.load(self._environ)
            return self._loaded

    def _helper(self, name: str, key: str) -> Credentials:
        with self._lock:  # helpers may ask the user, so one at a time, and each question once
            if (name, key) not in self._helped:
                self._helped[name, key] = self._ask(name, key)
            return self._helped[name, key]

    def _ask(self, name: str, key: str) -> Credentials:
        from refimpl.system.program import ProgramError, ask

        program = f"docker-credential-{name}"
        if "/" in name or "\\" in name:
            raise RegistryError(f"error getting credentials - err: {program} is no name of a helper")
        try:
            answer = ask(
                [program, "get"],
                question=key.encode("utf-8", "replace"),
                environ=self._environ,
                seconds=self._deadline.cap(_HELPER_SECONDS),
                limit=HELPER_LIMIT,
            )
        except FileNotFoundError:
            raise RegistryError(
                f'error getting credentials - err: exec: "{program}": executable file not found in $PATH, out: ``'
            ) from None
        except ProgramError as error:
            self._deadline.check()
            raise RegistryError(f"error getting credentials - err: {program}: {error}, out: ``") from error
        if answer.status:
            if _NOT_FOUND in answer.output:
                return ANONYMOUS
            out = answer.output[:1000].decode("utf-8", "replace").strip()
            raise RegistryError(f"error getting credentials - err: {answer.end}, out: `{out}`")
        try:
            username, secret = dockerconfig.helper_answer(answer.output)
        except ValueError as error:
            raise RegistryError(f"error getting credentials - err: {program} gave no credentials, out: ``") from error
        if username == _IDENTITY:
            return Credentials(identity_token=secret)
        return Credentials(username, secret)


def _keys(repository: Repository) -> Iterator[str]:
    path = str(repository)
    while "/" in path:
        yield path
        path = path.rpartition("/")[0]
    if repository.registry == _HUB:
        yield from _HUB_KEYS
    else:
        yield repository.registry
