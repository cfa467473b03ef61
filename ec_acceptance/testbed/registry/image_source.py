"""Images that are somewhere already: in a registry, or in an OCI layout on the disk.

Source: OCI distribution specification 1.1, OCI image layout 1.0; Docker registry v2 token authentication.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import requests

from ec_acceptance.testbed.errors import InputError
from ec_acceptance.testbed.registry.digests import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ImageSource", "open_image"]

_REFERENCE = re.compile(
    r"(?P<host>[A-Za-z0-9.-]+(?::\d+)?)/(?P<repository>[a-z0-9._/-]+)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>\w+:[0-9a-f]+))?"
)
_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_REF_NAME = "org.opencontainers.image.ref.name"
_COSIGN_KIND = "kind"
_COSIGN_KINDS = {"dev.cosignproject.cosign/sigs": "sig", "dev.cosignproject.cosign/atts": "att"}
_LOOPBACK = re.compile(r"(?:localhost|127\.[0-9.]+)(?::\d+)?")
_DOCKER_HUB = {"docker.io": "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}
_CONNECT, _READ = 10.0, 120.0
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


class ImageSource(Protocol):
    """Where one image is, with what is attached to it."""

    reference: str
    """Of the image: a tag, a digest, or `""` for the only image that is there."""

    def manifest(self, reference: str) -> tuple[str, bytes] | None:
        """Media type and bytes of a manifest, by tag or digest; None: there is none."""

    def blob(self, digest: str) -> bytes:
        """A blob's bytes."""

    def referrers(self, digest: str) -> Iterator[str]:
        """The digests of the manifests that have this one for their subject."""


def open_image(text: str, folder: Path) -> ImageSource:
    """The image that a text names.

    Args:
        text: `registry/repository:tag`, with or instead of the tag `@digest`; `oci:FOLDER` or `oci:FOLDER:TAG`; or
            `$NAME`, the environment variable that has one of these.
        folder: to which FOLDER is relative.

    Raises:
        InputError: it can't be read, or nothing is there.
    """
    if text.startswith("$"):
        value = os.environ.get(text[1:], "")
        if not value:
            raise InputError(f"the environment variable {text[1:]} is to name an image, and isn't set")
        text = value
    if text.startswith("oci:"):
        path, _, tag = text.removeprefix("oci:").partition(":")
        return _Layout(folder / path, tag)
    found = _REFERENCE.fullmatch(text)
    if found is None or not ("." in found["host"] or ":" in found["host"] or found["host"] == "localhost"):
        raise InputError(f"{text!r} names no image: registry.example.com/team/app:tag, oci:FOLDER, or $NAME")
    return _Registry(found["host"], found["repository"], found["digest"] or found["tag"] or "latest")


class _Layout:
    def __init__(self, folder: Path, tag: str) -> None:
        self.reference = tag
        self._folder = folder
        index = folder / "index.json"
        try:
            document = json.loads(index.read_bytes())
            self._entries: list[dict[str, Any]] = list(document["manifests"])
        except OSError as error:
            raise InputError(f"there is no OCI layout in {folder}: {index.name}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError):
            raise InputError(f"{index} is no index of an OCI layout") from None

    def manifest(self, reference: str) -> tuple[str, bytes] | None:
        entry = self._entry(reference)
        if entry is None and ":" not in reference:
            return None
        digest = str(entry["digest"]) if entry else reference
        try:
            data = self.blob(digest)
        except InputError:
            if entry is None:
                return None
            raise
        return str(json.loads(data).get("mediaType") or (entry or {}).get("mediaType") or _MANIFESTS[0]), data

    def blob(self, digest: str) -> bytes:
        path = self._folder / "blobs" / digest.replace(":", "/", 1)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}") from None
        return _verify(data, digest, str(path))

    def referrers(self, digest: str) -> Iterator[str]:
        for entry in self._entries:
            one = str(entry["digest"])
            if (json.loads(self.blob(one)).get("subject") or {}).get("digest") == digest:
                yield one

    def _entry(self, reference: str) -> dict[str, Any] | None:
        images = [one for one in self._entries if not _attachment(one)]
        if not reference and len(images) > 1:
            tags = sorted(_annotations(one).get(_REF_NAME, one["digest"]) for one in images)
            raise InputError(f"{self._folder} has several images, and oci:FOLDER:TAG says which: {', '.join(tags)}")
        if not reference:
            return images[0] if images else None
        for one in self._entries:
            name = _annotations(one).get(_REF_NAME, "")
            if reference in {name, name.rpartition(":")[2], str(one.get("digest"))}:
                return one
        # cosign save names what it attaches by kind alone, as there is one image.
        suffix = reference.rpartition(".")[2] if reference.startswith("sha256-") else ""
        return next((one for one in self._entries if suffix and _attachment(one) == suffix), None)


class _Registry:
    def __init__(self, host: str, repository: str, reference: str) -> None:
        self.reference = reference
        self._host = host
        scheme = "http" if _LOOPBACK.fullmatch(host) else "https"
        self._url = f"{scheme}://{_DOCKER_HUB.get(host, host)}/v2/{repository}"
        self._session = requests.Session()

    def manifest(self, reference: str) -> tuple[str, bytes] | None:
        answer = self._ask(f"manifests/{reference}", ",".join(_MANIFESTS))
        if answer is None:
            return None
        kind = answer.headers.get("Content-Type", "").partition(";")[0]
        return kind, _verify(answer.content, reference, answer.url) if ":" in reference else answer.content

    def blob(self, digest: str) -> bytes:
        answer = self._ask(f"blobs/{digest}", "*/*")
        if answer is None:
            raise InputError(f"{self._url}/blobs/{digest} isn't there")
        return _verify(answer.content, digest, answer.url)

    def referrers(self, digest: str) -> Iterator[str]:
        answer = self._ask(f"referrers/{digest}", _MANIFESTS[1])
        answer = answer or self._ask(f"manifests/{digest.replace(':', '-', 1)}", _MANIFESTS[1])
        if answer is not None:
            yield from (str(one["digest"]) for one in answer.json().get("manifests") or ())

    def _ask(self, rest: str, accepted: str) -> requests.Response | None:
        url = f"{self._url}/{rest}"
        try:
            answer = self._session.get(url, headers={"Accept": accepted}, timeout=(_CONNECT, _READ))
            if answer.status_code == 401 and "Authorization" not in self._session.headers:
                self._log_in(answer.headers.get("WWW-Authenticate", ""))
                answer = self._session.get(url, headers={"Accept": accepted}, timeout=(_CONNECT, _READ))
        except requests.RequestException:
            raise InputError(f"{url}: no answer") from None
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            hint = f"; {_docker_configuration()} has the credentials" if answer.status_code in {401, 403} else ""
            raise InputError(f"{url}: the registry answers {answer.status_code}{hint}")
        return answer

    def _log_in(self, challenge: str) -> None:
        basic = _credentials(self._host)
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "bearer":
            asked = dict(_PARAMETER.findall(rest))
            realm = asked.pop("realm", "")
            if urlsplit(realm).scheme != urlsplit(self._url).scheme:
                return
            own = {"Authorization": f"Basic {basic}"} if basic else {}
            answer = requests.get(realm, params=asked, headers=own, timeout=(_CONNECT, _READ))
            document = answer.json() if answer.status_code == 200 else {}
            token = document.get("token") or document.get("access_token")
            if token:
                self._session.headers["Authorization"] = f"Bearer {token}"
        elif basic:
            self._session.headers["Authorization"] = f"Basic {basic}"


def _docker_configuration() -> Path:
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"


def _credentials(host: str) -> str:
    """In base64, as `docker login` stores them; empty without any."""
    try:
        stored = json.loads(_docker_configuration().read_bytes()).get("auths") or {}
    except (OSError, ValueError):
        return ""
    names = (host, f"https://{host}", f"https://{host}/v1/", f"https://index.{host}/v1/")
    return next((str(stored[name]["auth"]) for name in names if "auth" in (stored.get(name) or {})), "")


def _annotations(entry: dict[str, Any]) -> dict[str, str]:
    return dict(entry.get("annotations") or {})


def _attachment(entry: dict[str, Any]) -> str:
    """`sig` or `att` for what is attached to an image; empty for an image."""
    kind = _COSIGN_KINDS.get(_annotations(entry).get(_COSIGN_KIND, ""), "")
    found = re.fullmatch(r"(?:.*:)?sha256-[0-9a-f]{64}\.(sig|att)", _annotations(entry).get(_REF_NAME, ""))
    return kind or (found[1] if found else "")


def _verify(data: bytes, digest: str, where: str) -> bytes:
    if digest_of(data, digest.partition(":")[0]) != digest:
        raise InputError(f"{where} isn't what its digest says: {digest}")
    return data
