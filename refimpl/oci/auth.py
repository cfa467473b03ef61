"""Credentials for registries, from the files and helpers that Docker and Podman use.

``$DOCKER_CONFIG/config.json``, else ``$HOME/.docker/config.json``; when there is none ``$REGISTRY_AUTH_FILE``, else
``$XDG_RUNTIME_DIR/containers/auth.json``. The most specific key wins: repository, its parents, registry.
"""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refimpl.oci.errors import RegistryError
from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from refimpl.deadline import Deadline
    from refimpl.oci.reference import Repository

__all__ = ["ANONYMOUS", "Credentials", "Keychain"]

_log = logging.getLogger(__name__)
_HELPER_SECONDS = 60.0
_HUB = "index.docker.io"
_HUB_KEYS = ("https://index.docker.io/v1/", "index.docker.io", "docker.io", "https://index.docker.io")
_NOT_FOUND = "credentials not found"


@record
class Credentials:
    """What to prove oneself with; all empty for nobody."""

    username: str = ""
    password: str = ""
    identity_token: str = ""
    registry_token: str = ""

    @property
    def basic(self) -> str:
        """The value of an Authorization field; empty without a name and a password."""
        if not (self.username or self.password):
            return ""
        import base64

        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


ANONYMOUS = Credentials()


class Keychain:
    """Looks credentials up; files are read once. Thread-safe."""

    def __init__(self, environ: Mapping[str, str], deadline: Deadline) -> None:
        self._environ = environ
        self._deadline = deadline
        self._lock = threading.Lock()
        self._document: Mapping[str, Any] | None = None
        self._helped: dict[tuple[str, str], Credentials] = {}

    def credentials(self, repository: Repository) -> Credentials:
        """Those for `repository`, or `ANONYMOUS`.

        Raises:
            RegistryError: the file isn't readable, or a helper fails.
        """
        document = self._config()
        if not document:
            return ANONYMOUS
        helpers, auths = _object(document, "credHelpers"), _object(document, "auths")
        store = document.get("credsStore")
        for key in _keys(repository):
            helper = helpers.get(key) or store
            found = ANONYMOUS
            if isinstance(helper, str) and helper:
                found = self._helper(helper, key)
            if found == ANONYMOUS:
                found = _stored(auths.get(key), key)
            if found != ANONYMOUS:
                return found
        return ANONYMOUS

    def _config(self) -> Mapping[str, Any]:
        with self._lock:
            if self._document is None:
                self._document = self._read()
            return self._document

    def _read(self) -> Mapping[str, Any]:
        for path in self._places():
            try:
                text = path.read_text("utf-8")
            except (FileNotFoundError, NotADirectoryError):
                continue
            except (OSError, ValueError) as error:
                raise RegistryError(f"{path}: {error}") from error
            try:
                document = json.loads(text or "{}")
            except ValueError as error:
                raise RegistryError(f"{path}: {error}") from error
            if not isinstance(document, dict):
                raise RegistryError(f"{path}: not a JSON object")
            return document
        return {}

    def _places(self) -> Iterator[Path]:
        if folder := self._environ.get("DOCKER_CONFIG"):
            yield Path(folder, "config.json")
        elif home := self._environ.get("HOME") or self._environ.get("USERPROFILE"):
            yield Path(home, ".docker", "config.json")
        if file := self._environ.get("REGISTRY_AUTH_FILE"):
            yield Path(file)
        elif folder := self._environ.get("XDG_RUNTIME_DIR"):
            yield Path(folder, "containers", "auth.json")

    def _helper(self, name: str, key: str) -> Credentials:
        with self._lock:  # helpers may ask the user, so one at a time, and each question once
            if (name, key) not in self._helped:
                self._helped[name, key] = self._ask(name, key)
            return self._helped[name, key]

    def _ask(self, name: str, key: str) -> Credentials:
        import subprocess

        program = f"docker-credential-{name}"
        if "/" in name or "\\" in name:
            raise RegistryError(f"error getting credentials - err: {program} is no name of a helper")
        try:
            run = subprocess.run(
                [program, "get"],
                input=key.encode(),
                capture_output=True,
                check=False,
                timeout=self._deadline.bounded(_HELPER_SECONDS),
                env=dict(self._environ),
            )
        except FileNotFoundError:
            raise RegistryError(
                f'error getting credentials - err: exec: "{program}": executable file not found in $PATH, out: ``'
            ) from None
        except (OSError, subprocess.TimeoutExpired) as error:
            self._deadline.check()
            raise RegistryError(f"error getting credentials - err: {error}, out: ``") from error
        out = run.stdout.decode("utf-8", "replace").strip()
        if run.returncode:
            if _NOT_FOUND in out:
                return ANONYMOUS
            raise RegistryError(f"error getting credentials - err: exit status {run.returncode}, out: `{out}`")
        try:
            answer = json.loads(out)
            username, secret = str(answer["Username"]), str(answer["Secret"])
        except (ValueError, KeyError, TypeError) as error:
            raise RegistryError(f"error getting credentials - err: {program} gave no credentials, out: ``") from error
        if username == "<token>":
            return Credentials(identity_token=secret)
        return Credentials(username, secret)


def _keys(repository: Repository) -> Iterator[str]:
    path = str(repository)
    while "/" in path:
        yield path
        path = path.rpartition("/")[0]
    registry = repository.registry
    if registry == _HUB:
        yield from _HUB_KEYS
        return
    yield registry
    for scheme in ("https", "http"):  # what old versions of docker login wrote
        yield f"{scheme}://{registry}"
        yield f"{scheme}://{registry}/v1/"


def _stored(entry: object, key: str) -> Credentials:
    if not isinstance(entry, dict):
        return ANONYMOUS
    username, password = _text(entry, "username"), _text(entry, "password")
    if pair := _text(entry, "auth"):
        import base64

        try:
            name, colon, secret = base64.b64decode(pair).decode().partition(":")
        except ValueError:
            colon = ""
        if not colon:
            _log.debug("ignoring the unreadable credentials of %s", key)
            return ANONYMOUS
        username, password = name, secret.strip("\x00")
    return Credentials(username, password, _text(entry, "identitytoken"), _text(entry, "registrytoken"))


def _object(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return value if isinstance(value, str) else ""
