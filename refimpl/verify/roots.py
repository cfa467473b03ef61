"""Where the roots of trust come from: files that variables name, or a trusted root (specification 20 §3.3, 26 §7)."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from refimpl.errors import KeyMaterialError
from refimpl.verify.keys import read_file
from refimpl.verify.trust import LogKeys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from refimpl.deadline import Deadline
    from refimpl.policy.config import Identity
    from refimpl.verify.keyless import KeylessSigner
    from refimpl.verify.legacy_targets import LegacyTargets
    from refimpl.verify.timestamp import TimestampAuthority
    from refimpl.verify.trusted_root import TrustedRoot

_AUTHORITIES, _CERTIFICATE_LOG = "SIGSTORE_ROOT_FILE", "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE"
_LOG, _TIMESTAMPS = "SIGSTORE_REKOR_PUBLIC_KEY", "SIGSTORE_TSA_CERTIFICATE_FILE"
_FILES = (_AUTHORITIES, _CERTIFICATE_LOG, _LOG, _TIMESTAMPS)
_TRUSTED_ROOT = "EC_TRUSTED_ROOT"
FILES = (*_FILES, _TRUSTED_ROOT)
"""The variables that name files of roots."""


class Roots:
    """The roots of trust of a run; what isn't needed is neither read nor fetched. Thread-safe.

    If one of the four variables names a file, those that are needed must; otherwise there is a trusted root, in the
    file that ``EC_TRUSTED_ROOT`` names or by TUF.

    Args:
        environ: names the files, and the mirror of the TUF repository.
        deadline: bounds what is asked of the mirror.
        document: the trusted root, if it was read already.
    """

    def __init__(
        self, environ: Mapping[str, str], deadline: Deadline, document: TrustedRoot | LegacyTargets | None = None
    ) -> None:
        self._environ = environ
        self._deadline = deadline
        self._lock = threading.Lock()
        self.document = document

    @property
    def are_files(self) -> bool:
        """Whether each root is in a file of its own."""
        return any(self._environ.get(name) for name in _FILES)

    def logs(self) -> LogKeys:
        """The transparency logs of signatures.

        Raises:
            KeyMaterialError: they cannot be had.
        """
        if self.are_files:
            text = self._text(_LOG, "error reading alternate Rekor public key file")
            with self._naming(_LOG):
                return LogKeys.from_pem(text)
        return self.trusted_root().logs

    def signer(self, identity: Identity) -> KeylessSigner:
        """Whoever has a certificate for the identity.

        Raises:
            KeyMaterialError: nobody knows which authorities and logs to trust.
        """
        from refimpl.verify.authority import Authority
        from refimpl.verify.keyless import KeylessSigner  # in a run by key nobody needs it

        if not self.are_files:
            root = self.trusted_root()
            return KeylessSigner(identity, root.authorities, root.certificate_logs, root.timestamp_authorities)
        text = self._text(_AUTHORITIES, "error reading root PEM file")
        with self._naming(_AUTHORITIES):
            authority = Authority.from_pem(text)
        text = self._text(_CERTIFICATE_LOG, "error reading alternate CTLog public key file")
        with self._naming(_CERTIFICATE_LOG):
            logs = LogKeys.from_pem(text, "AddCTLogPubKey")
        return KeylessSigner(identity, (authority,), logs, self._timestamp_authorities())

    def _timestamp_authorities(self) -> tuple[TimestampAuthority, ...]:
        """The one in the file that its variable names, whose own certificate comes first; none without a file."""
        if not self._environ.get(_TIMESTAMPS):
            return ()
        from refimpl.verify.authority import Authority
        from refimpl.verify.timestamp import TimestampAuthority

        text = self._text(_TIMESTAMPS, "error reading TSA certificate file")
        with self._naming(_TIMESTAMPS):
            found = Authority.from_pem(text)
            if not found.roots:
                raise KeyMaterialError("TSA certificate chain must contain at least one root certificate")
        return (TimestampAuthority.of(found),)

    def trusted_root(self) -> TrustedRoot | LegacyTargets:
        """What tells whom to trust.

        Raises:
            KeyMaterialError: it cannot be had, or not be trusted any more.
        """
        with self._lock:
            if self.document is None:
                self.document = self._trusted_root()
            return self.document

    def _trusted_root(self) -> TrustedRoot | LegacyTargets:
        from refimpl.verify.trusted_root import TrustedRoot

        if path := self._environ.get(_TRUSTED_ROOT):
            try:
                return TrustedRoot.parse(read_file(path))
            except KeyMaterialError as error:
                raise KeyMaterialError(f"{_TRUSTED_ROOT}: {error}") from None
        from refimpl.verify.tuf_mirror import TUFMirror

        return TUFMirror.from_environ(self._environ, self._deadline).trusted_root()

    @contextmanager
    def _naming(self, variable: str) -> Iterator[None]:
        """Have an error tell the file that it is about, and who names that."""
        try:
            yield
        except KeyMaterialError as error:
            raise KeyMaterialError(f"{error} ({variable}: {self._environ.get(variable)})") from None

    def _text(self, variable: str, failure: str) -> str:
        path = self._environ.get(variable)
        if not path:
            named = next(name for name in _FILES if self._environ.get(name))
            raise KeyMaterialError(f"{variable} must name a file, as {named} does; without any of them TUF is asked")
        try:
            return read_file(path).decode("utf-8", "replace")
        except KeyMaterialError as error:
            raise KeyMaterialError(f"{failure}: {error}") from None
