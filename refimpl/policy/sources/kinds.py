"""Which kind of source a URL is, and how it is written once its content is known (specification 11 §4.1 and §4.4)."""

from __future__ import annotations

import os
import re
from enum import Enum

from refimpl.errors import PolicyError
from refimpl.golang.url import UnreadableURLError, parse
from refimpl.redaction import without_secrets

_GIT_HOSTS = ("github.com", "gitlab.com", "bitbucket.org")
_INSECURE = re.compile(r"(?:[a-z0-9]+::)?http:")
# Hosted registries that are recognised without `oci::`: Azure, Google (two), GitLab, AWS, Quay.
_REGISTRIES = r"""(?x)(?:.+\.)?azurecr\.io
    | (?:.+\.)?gcr\.io
    | (?:.+\.)?pkg\.dev
    | registry\.gitlab\.com
    | [0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?
    | quay\.io
    | 127\.0\.0\.1 | localhost | ::1"""


class Kind(Enum):
    """How a source is fetched."""

    FILE = "file"
    GIT = "git"
    HTTP = "http"
    OCI = "oci"


def kind_of(url: str) -> Kind:
    """The kind of a URL. Looks whether a file of that name exists.

    Raises:
        PolicyError: plain http, or nothing known.
    """
    if _INSECURE.match(url.lower()):
        raise PolicyError(f"attempting to download from insecure source: {url}")
    if url.startswith(("oci://", "oci::")):
        return Kind.OCI
    if is_http(url):
        return Kind.HTTP
    if is_file(url):
        return Kind.FILE
    if is_git(url):
        return Kind.GIT
    if re.fullmatch(_REGISTRIES, _host(url)):
        return Kind.OCI
    shown = without_secrets(f"git::{url}").removeprefix("git::")  # a name and a password may stand there all the same
    raise PolicyError(f"no gatherer found for URI: {shown}")


def is_file(text: str) -> bool:
    """Whether it looks like a file: by its beginning, or because it is there."""
    if text.startswith(("file://", "file::", "/", "./", "../")):
        return True
    try:
        return os.path.exists(text)  # noqa: PTH110 - Path would refuse or change some texts, such as empty ones
    except ValueError:
        return False


def is_git(text: str) -> bool:
    """Whether it looks like a git URL."""
    if text.startswith(("git@", "git://", "git::")):
        return True
    return "::" not in text and (text.endswith(".git") or any(host in text for host in _GIT_HOSTS))


def is_http(text: str) -> bool:
    """Whether it is a web address of a host that isn't known for git."""
    if not text[:8].lower().startswith(("https://", "http://")):
        return False
    try:
        host = parse(text).hostname.lower()
    except UnreadableURLError:
        return False
    return host != "" and not any(host == known or host.endswith(f".{known}") for known in _GIT_HOSTS)


def without_prefixes(text: str, *prefixes: str) -> str:
    """`text` without each of the prefixes in turn, each at most once."""
    for prefix in prefixes:
        text = text.removeprefix(prefix)
    return text


def _host(url: str) -> str:
    """The lower-cased host of what follows the first ``::`` and a scheme, without user and port."""
    rest = url.partition("::")[2] or url
    rest = rest.partition("://")[2] or rest
    authority = rest.partition("/")[0].lower().rpartition("@")[2]
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0]
