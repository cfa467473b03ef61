"""What the harness itself asks the registry: which image a reference means, and what belongs to it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import requests

from ec_acceptance.testbed.registry.digests import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Image", "Registry", "RegistryError"]

_REFERENCE = re.compile(r"(?P<host>[^/@]+)/(?P<name>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>.+))?")
_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json, "
    "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json"
)
_CHUNK = 1 << 18
_LIMIT = 4 << 20  # bytes of a manifest or a configuration, as the distribution specification advises


class RegistryError(Exception):
    """The registry didn't answer, or not with an image."""


@dataclass(frozen=True, slots=True)
class Image:
    """What must arrive: `ref` is the image by digest, `layers` are digests from the lowest to the top one."""

    host: str
    name: str
    ref: str
    config: str
    layers: tuple[str, ...]

    @property
    def blobs(self) -> tuple[str, ...]:
        """The digests of all that must arrive, each once. Tarballs have no manifest, so it isn't among them."""
        return tuple(dict.fromkeys((self.config, *self.layers)))


class Registry:
    """Plain HTTP, as the testbed's registry speaks it.

    Args:
        seconds_left: for the next request; None: without end.
    """

    def __init__(self, seconds_left: Callable[[], float | None]) -> None:
        self._seconds_left = seconds_left

    def look_up(self, reference: str) -> Image:
        """The image that a reference means now.

        Raises:
            RegistryError: it isn't there, or is no image.
        """
        parts = _REFERENCE.fullmatch(reference)
        if parts is None:
            raise RegistryError(f"{reference!r} is no reference of an image, such as 127.0.0.1:5000/name:tag")
        host, name = parts["host"], parts["name"]
        status, body = self._get(host, f"/v2/{name}/manifests/{parts['digest'] or parts['tag'] or 'latest'}")
        if status != HTTPStatus.OK:
            raise RegistryError(f"the registry answers with status {status} to the harness, which asks for {reference}")
        digest = parts["digest"] or digest_of(body)
        try:
            document = json.loads(body)
            layers = tuple(str(layer["digest"]) for layer in document["layers"])
            return Image(host, name, f"{host}/{name}@{digest}", str(document["config"]["digest"]), layers)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise RegistryError(f"{reference} is no image with a configuration and layers") from None

    def read_config(self, image: Image) -> None:
        """Read the configuration, whatever it is: scenarios hold images back there before their layers are fetched."""
        try:
            self._get(image.host, f"/v2/{image.name}/blobs/{image.config}")
        except RegistryError:
            return  # what is wrong with it is the tool's to find

    def tell_files(self, image: Image, tag: str) -> None:
        """Ask for a tag that nobody made, by which scenarios see that the image's files were read."""
        try:
            self._get(image.host, f"/v2/{image.name}/manifests/{tag}")
        except RegistryError:
            return

    def _get(self, host: str, path: str) -> tuple[int, bytes]:
        url, headers = f"http://{host}{path}", {"Accept": _MANIFESTS, "Accept-Encoding": "identity"}
        with requests.Session() as session:
            session.trust_env = False
            try:
                with session.get(
                    url, headers=headers, timeout=self._seconds_left(), allow_redirects=False, stream=True
                ) as answer:
                    body = b""
                    for chunk in answer.iter_content(_CHUNK):
                        body += chunk
                        if len(body) > _LIMIT:
                            raise RegistryError(f"{url} has more than {_LIMIT} bytes")
                    return answer.status_code, body
            except (OSError, ValueError) as error:  # each error of requests is one of them
                raise RegistryError(f"the registry {host} doesn't answer the harness: {error}") from None
