"""The image that `sign`, `attest` and `push` are about: in a registry of this machine, as `fixtures up` starts one."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ec_acceptance.conformance.errors import BrokenError, UsageError

if TYPE_CHECKING:
    import argparse

    from ec_acceptance.testbed.registry.repository import Repository
    from ec_acceptance.testbed.signing import KeyPair, Layer

__all__ = ["Target", "add_signing", "log_entry", "read_signer"]

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_FORM = re.compile(
    r"(?P<host>(?:localhost|127\.[0-9.]+):\d+)/(?P<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>\w+:[0-9a-f]+))?"
)
_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Target:
    """A place for an image.

    Attributes:
        address: of the registry.
        repository: in it.
        tag: `latest` by default.
        digest: if it is said.
    """

    address: str
    name: str
    repository: Repository
    tag: str
    digest: str

    @classmethod
    def parse(cls, text: str) -> Target:
        """By a reference.

        Raises:
            UsageError: it is none, or of another machine's registry: these keys are for tests.
        """
        from ec_acceptance.testbed.registry.repository import Repository

        found = _FORM.fullmatch(text)
        if found is None:
            raise UsageError(
                f"{text}: it must be $EC_REGISTRY/repository:tag, in a registry of this machine (fixtures up)"
            )
        place = Repository.at(f"http://{found['host']}", found["repository"])
        return cls(found["host"], found["repository"], place, found["tag"] or "latest", found["digest"] or "")

    @property
    def reference(self) -> str:
        """The repository with its registry."""
        return f"{self.address}/{self.name}"

    def resolve(self) -> str:
        """The digest of the image that is there.

        Raises:
            UsageError: there is none.
            BrokenError: no registry answers.
        """
        import requests

        from ec_acceptance.testbed.registry.digests import digest_of
        from ec_acceptance.testbed.registry.repository import UnexpectedAnswerError

        try:
            return digest_of(self.repository.manifest(self.digest or self.tag)[1])
        except UnexpectedAnswerError as error:
            raise UsageError(
                f"{self.reference}:{self.tag}: there is no such image ({error.status}); push makes one"
            ) from None
        except requests.RequestException:
            raise BrokenError(f"no registry answers at {self.address}") from None

    def attach(self, kind: str, digest: str, layer: Layer) -> None:
        """Add a signature (`sig`) or an attestation (`att`) to those of an image."""
        from ec_acceptance.testbed.registry.repository import UnexpectedAnswerError
        from ec_acceptance.testbed.signing import attach, attachment_tag

        try:
            existing = self.repository.manifest(attachment_tag(digest, kind))[1]
        except UnexpectedAnswerError as error:
            if error.status != 404:
                raise BrokenError(str(error)) from None
            existing = None
        artifact = attach(digest, kind, [layer], existing)
        for blob in artifact.blobs.values():
            self.repository.put_blob(blob)
        self.repository.put_manifest(artifact.manifest, _MANIFEST, tag=artifact.tag)


def add_signing(parser: argparse.ArgumentParser) -> None:
    """The options of what signs."""
    parser.add_argument("image", metavar="IMAGE", help="its reference, such as $EC_REGISTRY/team/app:1.0")
    parser.add_argument("--key", type=Path, default=_of("EC_KEY"), metavar="FILE", help="private key ($EC_KEY)")
    parser.add_argument(
        "--rekor-url", default=os.environ.get("EC_REKOR_URL", ""), metavar="URL", help="($EC_REKOR_URL)"
    )
    parser.add_argument("--no-log", action="store_true", help="make no entry in the transparency log")


def read_signer(given: argparse.Namespace) -> KeyPair:
    """The key that is given.

    Raises:
        UsageError: there is none.
    """
    from ec_acceptance.testbed.errors import InputError
    from ec_acceptance.testbed.fixtures.own import read_key

    if given.key is None:
        raise UsageError("no key: give --key FILE, or set EC_KEY, as `ec-conformance fixtures up` tells it")
    if not (given.no_log or given.rekor_url):
        raise UsageError("no transparency log: give --rekor-url URL, set EC_REKOR_URL, or give --no-log")
    try:
        return read_key(given.key, "given")
    except InputError as error:
        raise UsageError(f"--key {error}") from None


def log_entry(given: argparse.Namespace, proposed: bytes | dict[str, object]) -> None:
    """Make an entry in the log, unless none is wanted; one that is there already is fine.

    Raises:
        BrokenError: the log doesn't take it.
    """
    import requests

    if given.no_log:
        return
    url = f"{given.rekor_url.rstrip('/')}/api/v1/log/entries"
    try:
        if isinstance(proposed, bytes):
            headers = {"Content-Type": "application/json"}
            answer = requests.post(url, data=proposed, headers=headers, timeout=_SECONDS)
        else:
            answer = requests.post(url, json=proposed, timeout=_SECONDS)
    except requests.RequestException:
        raise BrokenError(f"no transparency log answers at {given.rekor_url}") from None
    if answer.status_code not in {201, 409}:
        raise BrokenError(f"{url}: the log answers {answer.status_code}: {answer.text[:200].strip()}")


def _of(variable: str) -> Path | None:
    return Path(os.environ[variable]) if os.environ.get(variable) else None
