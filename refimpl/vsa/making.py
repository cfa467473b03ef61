"""``--vsa``: what was found about each component, attested once the report is out (specification 24 §14)."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

from refimpl.errors import Error, PolicyError
from refimpl.report.vsa import component_predicate, snapshot_predicate
from refimpl.verify.checks import ACCESSIBLE
from refimpl.vsa.files import (
    ENVELOPE_MODE,
    ENVELOPE_SUFFIX,
    Folder,
    output_folder,
    temporary_folder,
    write,
    write_predicate,
)
from refimpl.vsa.statement import signed_statement
from refimpl.vsa.storage import upload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.command_line.options import Options
    from refimpl.deadline import Deadline
    from refimpl.report.model import ComponentResult, Report
    from refimpl.verify.keys import Secrets
    from refimpl.vsa.signing_key import SigningKey
    from refimpl.vsa.storage import Backend, Storage

_log = logging.getLogger(__name__)

_FORMATS = ("dsse", "predicate")
_NOT_UPLOADED = "[VSA] VSA files generated but not uploaded (no --vsa-upload backends specified)"


def flag_errors(options: Options) -> list[Error]:
    """What is wrong with the flags about VSAs; says in the log which of them is of no use."""
    errors: list[Error] = []
    if options.vsa:
        form, key = options.attestation_format, options.vsa_signing_key
        if form not in _FORMATS:
            errors.append(PolicyError(f"invalid --attestation-format: {form} (valid: dsse, predicate)"))
        if form == "dsse" and not key:
            errors.append(PolicyError("--vsa-signing-key required for --attestation-format=dsse"))
        if form == "predicate" and key:
            _log.warning("--vsa-signing-key is ignored for --attestation-format=predicate")
    if options.vsa_upload and not options.vsa_public_key and options.vsa_expiration > 0:
        errors.append(PolicyError("--vsa-public-key required when --vsa-upload is set with --vsa-expiration > 0"))
    return errors


def make(report: Report, options: Options, environ: Mapping[str, str], *, cluster: Secrets, deadline: Deadline) -> None:
    """Write, and upload, a VSA of each component and, if they are signed, one of all together.

    What an existing VSA stood for gets no new one, which would be younger than the validation; nor does the run then.

    Raises:
        Error: the folder or the key can't be used. What fails for one VSA alone is logged.
    """
    folder = Folder(output_folder(options.attestation_output_dir))
    validated = [component for component in report.components if not component.attested]
    for component in report.components:
        if component.attested:
            _log.warning("No VSA is made for %s: it has one, and wasn't validated now", component.container_image)
    if options.attestation_format == "predicate":
        for component in validated:
            try:
                predicate = component_predicate(report, component, policy_source=options.policy)
                write_predicate(folder.path(component.name, component.container_image), predicate)
            except Error as error:
                _log.error("Failed to generate predicate for %s: %s", component.container_image, error)
        return
    from refimpl.vsa.signing_key import load_signing_key

    try:
        key = load_signing_key(options.vsa_signing_key, environ=environ, cluster=cluster)
    except Error as error:
        _log.error("%s", error)
        raise
    attested = (_attest(report, component, options, folder, key) for component in validated)
    envelopes = [envelope for envelope in attested if envelope is not None]
    try:
        if len(validated) == len(report.components):
            envelopes.append(_attested_snapshot(report, key))
    except Error as error:
        _log.error("Failed to process snapshot VSA: %s", error)
        _log.error("Failed to process VSAs: %s", error)
        return
    if envelopes and not options.vsa_upload:
        _log.error("%s", _NOT_UPLOADED)
    for envelope in envelopes:
        upload(envelope, options.vsa_upload, rekor=lambda backend: _rekor(backend, key, environ, deadline))


def _attest(
    report: Report, component: ComponentResult, options: Options, folder: Folder, key: SigningKey
) -> bytes | None:
    """The envelope about a component, written; None, and a line in the log, when there can be none."""
    image = component.container_image
    repository, _, digest = image.rpartition("@")
    if not digest or not repository or _is_inaccessible(component):
        reason = f"failed to resolve digest for image {image}: it isn't accessible"
        _log.error("Failed to get digest for component %s: %s", image, reason)
        return None
    try:
        predicate = component_predicate(report, component, policy_source=options.policy)
        path = folder.path(component.name, digest)
        write_predicate(path, predicate)
        envelope = signed_statement(predicate, name=repository, digest=digest, key=key)
        write(path.with_name(path.name + ENVELOPE_SUFFIX), envelope, ENVELOPE_MODE)
    except Error as error:
        _log.error("Failed to process VSA for component %s: %s", image, error)
        return None
    return envelope


def _attested_snapshot(report: Report, key: SigningKey) -> bytes:
    """The envelope about all components, written; its subject is the file of what it attests."""
    predicate = snapshot_predicate(report)
    path = temporary_folder("snapshot-predicate-") / "application-snapshot-vsa.json"
    digest = hashlib.sha256(write_predicate(path, predicate)).hexdigest()
    name = report.snapshot or "application-snapshot"
    envelope = signed_statement(predicate, name=name, digest=f"sha256:{digest}", key=key)
    write(path.with_name(path.name + ENVELOPE_SUFFIX), envelope, ENVELOPE_MODE)
    return envelope


def _is_inaccessible(component: ComponentResult) -> bool:
    return any(violation.code == ACCESSIBLE.code for violation in component.violations)


def _rekor(backend: Backend, key: SigningKey, environ: Mapping[str, str], deadline: Deadline) -> Storage:
    from refimpl.vsa.rekor import RekorStorage

    return RekorStorage(backend, key.public, environ, deadline)
