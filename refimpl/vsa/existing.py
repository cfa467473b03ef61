"""Existing VSAs that make a validation unnecessary: ``--vsa-upload`` with ``--vsa-expiration`` (24 §14)."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from refimpl.errors import KeyMaterialError, VerificationError
from refimpl.policy.config import Policy
from refimpl.verify.keys import load_public_key
from refimpl.vsa.check import Check
from refimpl.vsa.rekor import RekorRetriever, digest_in
from refimpl.vsa.storage import StorageError, parse_backend

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from refimpl.command_line.options import Options
    from refimpl.http.transport import Transport
    from refimpl.verify.keys import PublicKey, Secrets

_log = logging.getLogger(__name__)


def existing_summaries(
    options: Options,
    environ: Mapping[str, str],
    *,
    policy: Mapping[str, Any],
    key: str,
    cluster: Secrets,
    transport: Transport,
) -> Check | None:
    """What finds VSAs that make a validation unnecessary; None if none is looked for.

    Only a log can be searched. A VSA doesn't tell the time that rules were judged at, nor an identity that flags name:
    none counts for another time than now, or with such flags.

    Args:
        options: of the command line.
        environ: for the key.
        policy: as the report shows it.
        key: PEM of the key that images must be signed by.
        cluster: for the key.
        transport: asks the log.
    """
    if options.vsa_expiration <= 0:
        return None
    retriever = log_retriever(options.vsa_upload, transport)
    if retriever is None:
        return None
    if options.effective_time.lower() != "now":
        _log.warning("existing VSAs aren't looked for: they don't tell the time that rules were judged at")
        return None
    if any(
        (
            options.certificate_identity,
            options.certificate_identity_regexp,
            options.certificate_oidc_issuer,
            options.certificate_oidc_issuer_regexp,
        )
    ):
        _log.warning("existing VSAs aren't looked for: they don't tell the identity that --certificate-identity names")
        return None
    return Check(
        retriever=retriever,
        key=public_key(options.vsa_public_key, environ, cluster),
        longest=options.vsa_expiration,
        policy=Policy.from_json(policy),
        image_key=key,
        clock=time.time_ns,
        effective_time=time.time_ns(),
    )


def log_retriever(flags: Sequence[str], transport: Transport) -> RekorRetriever | None:
    """What searches the first log among storages; None without one."""
    for flag in flags:
        try:
            backend = parse_backend(flag)
            if backend.kind == "rekor":
                url = backend.parameters.get("server") or backend.parameters.get("url") or backend.url
                return RekorRetriever(url, transport)
        except StorageError as error:
            _log.debug("Failed to parse VSA upload flag '%s': %s", flag, error)
    return None


def public_key(reference: str, environ: Mapping[str, str], cluster: Secrets) -> PublicKey | KeyMaterialError:
    """The key that VSAs are signed by, or why there is none."""
    try:
        return load_public_key(reference, environ=environ, cluster=cluster)
    except KeyMaterialError as error:
        return error


def is_attested(check: Check, image: str, component: str) -> bool:
    """Whether a VSA stands for a validation of a component, named and by its reference; the log says why not."""
    try:
        finding = check.find(image, digest=digest_in(image), image=image, component=component)
    except VerificationError as error:
        _log.warning("Failed to validate existing VSA for image %s: %s", image, error)
        return False
    if not finding.passed:
        _log.debug("VSA validation did not pass for image %s: %s", image, finding.message)
    return finding.passed
