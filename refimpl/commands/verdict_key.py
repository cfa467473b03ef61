"""What decides about an image besides itself and the time: equal keys judge alike (docs/scale.md)."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refimpl.command_line.version import VERSION
from refimpl.golang.jsontext import encode, replace_surrogates_in
from refimpl.oci.digest import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from refimpl.command_line.options import Options
    from refimpl.commands.setup import Setup

_FLAGS = ("ignore_rekor", "skip_image_sig_check", "skip_att_sig_check", "filter_type", "info", "show_successes")
_TRUST = ("EC_TRUSTED_ROOT", "TUF_MIRROR", "TUF_ROOT", "EC_USE_OPA")


def verdict_key(setup: Setup, options: Options, environ: Mapping[str, str]) -> str:
    """Of the policy with all that its sources hold, the key or identity, the flags, the version, the snapshot.

    The time isn't part of it, but whether attestations tell it.
    """
    decides: dict[str, Any] = {
        "version": VERSION,
        "policy": setup.policy.spec,
        "key": setup.key,
        "sources": {url: _hash_files(fetched.path) for url, fetched in sorted(setup.fetched.items())},
        "by-attestations": setup.policy.effective_time.of_attestations,
        "flags": {name: getattr(options, name) for name in _FLAGS},
        "trust": {name: _content(environ[name]) for name in sorted(environ) if _is_trust(name)},
        "snapshot": input_digest(setup),
    }
    return digest_of(encode(replace_surrogates_in(decides)))


def input_digest(setup: Setup) -> str:
    """Of the snapshot, as rules see it."""
    return digest_of(encode(replace_surrogates_in(setup.snapshot.to_json())))


def _is_trust(name: str) -> bool:
    return name in _TRUST or name.startswith("SIGSTORE_")


def _content(value: str) -> str:
    """Of a file its content, for what a variable names may be replaced."""
    try:
        return hashlib.sha256(Path(value).read_bytes()).hexdigest()
    except (OSError, ValueError):
        return value


def _hash_files(folder: Path) -> str:
    """Of all files' names and contents."""
    found = hashlib.sha256()
    for path in sorted(_files(folder)):
        content = hashlib.sha256(path.read_bytes()).digest()
        found.update(os.fsencode(path.relative_to(folder)) + b"\0" + content)
    return found.hexdigest()


def _files(folder: Path) -> Iterable[Path]:
    for directory, _, names in os.walk(folder):
        yield from (path for name in names if (path := Path(directory, name)).is_file())
