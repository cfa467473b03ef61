"""``ec.sigstore.verify_image`` and ``verify_attestation`` (specification 12 §3, 20 §3-7)."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from refimpl.errors import (
    Error,
    InvalidReferenceError,
    KeyMaterialError,
    NotSupportedError,
    TimeoutExceededError,
    VerificationError,
)
from refimpl.golang.document import schema_type
from refimpl.golang.jsontext import dumps
from refimpl.oci.reference import parse_digest
from refimpl.policy.config import Identity, Policy
from refimpl.record import record
from refimpl.rego.builtins.numbers import as_floats
from refimpl.rego.builtins.references import digest_trouble
from refimpl.verify.attachment import attachment_limit
from refimpl.verify.cosign import Verifier
from refimpl.verify.keys import load_public_key, parse_public_key
from refimpl.verify.signature import Signature
from refimpl.verify.transparency_log import TransparencyLog
from refimpl.verify.trust import LogKeys

if TYPE_CHECKING:
    from collections.abc import Callable

    from refimpl.oci.reference import Reference
    from refimpl.rego.builtins.context import ComponentContext, Shared
    from refimpl.verify.attestation import Attestation
    from refimpl.verify.keyless import KeylessSigner
    from refimpl.verify.keys import PublicKey
    from refimpl.verify.rekor import RekorClient

#: What verified, and what was wrong with the rest.
_Found = tuple[list[dict[str, Any]], list[str]]


class _RefusedError(Exception):
    """What the object given back says under ``errors``."""


@record
class _Options:
    """Missing texts are empty, and so are members that aren't texts.

    Whoever leaves `ignore_rekor` out gets the log checks: the contract's tool crashes then.
    """

    public_key: str
    identity: Identity
    ignore_rekor: bool
    rekor_url: str
    rekor_public_key: str

    @classmethod
    def read(cls, value: object) -> _Options:
        if not isinstance(value, dict):
            raise _RefusedError(f"opts parameter: operand 1 must be object but got {schema_type(value)}")

        def text(name: str) -> str:
            member = value.get(name)
            return member if isinstance(member, str) else ""

        return cls(
            text("public_key"),
            Identity(
                text("certificate_identity"),
                text("certificate_identity_regexp"),
                text("certificate_oidc_issuer"),
                text("certificate_oidc_issuer_regexp"),
            ),
            value.get("ignore_rekor") is True,
            text("rekor_url"),
            text("rekor_public_key"),
        )


def verify_image(context: ComponentContext, ref: object, opts: object) -> dict[str, Any]:
    """``success``, ``errors`` and ``signatures``; remembered for the run, failures too.

    Raises:
        NotSupportedError: the options ask for what isn't carried out; never taken for a failed check.
        TimeoutExceededError: the time is over.
    """

    def verify(verifier: Verifier, reference: Reference) -> _Found:
        try:
            bundles = verifier.bundles(reference)
            if bundles is not None:
                # Whatever they tell of the image, and without saying by which signature: so the contract has it.
                return [_to_object(Signature("", "")) for _ in bundles], []
            return [_to_object(signature) for signature in verifier.image_signatures(reference)], []
        except VerificationError as error:
            raise _RefusedError(f"verify image signature: {error}") from None

    return _remember(context.shared, "signatures", ref, opts, verify, keep_failures=True)


def verify_attestation(context: ComponentContext, ref: object, opts: object) -> dict[str, Any]:
    """``success``, ``errors`` and ``attestations``, of any predicate type; of bundles, image signatures too.

    Raises:
        NotSupportedError: the options ask for what isn't carried out; never taken for a failed check.
        TimeoutExceededError: the time is over.
    """

    def verify(verifier: Verifier, reference: Reference) -> _Found:
        try:
            bundles = verifier.bundles(reference)
            if bundles is None:
                return [_describe_attestation(attestation) for attestation in verifier.attestations(reference)], []
        except VerificationError as error:
            raise _RefusedError(f"verify image attestation signature: {error}") from None
        found, errors = [], []
        for bundle in bundles:
            try:
                found.append(_describe_attestation(bundle.attestation()))
            except VerificationError as error:
                errors.append(f"parsing attestation: {error}")
        return found, errors

    return _remember(context.shared, "attestations", ref, opts, verify, keep_failures=False)


def _remember(
    shared: Shared,
    member: str,
    ref: object,
    opts: object,
    verify: Callable[[Verifier, Reference], _Found],
    *,
    keep_failures: bool,
) -> dict[str, Any]:
    def result() -> dict[str, Any]:
        with ExitStack() as stack:
            try:
                found, errors = verify(*_verifier(shared, ref, opts, stack))
            except _RefusedError as error:
                found, errors = [], [str(error)]
            return {"success": not errors, "errors": errors, member: found}

    key = (member, dumps(ref), dumps(opts))
    found = shared.verifications.get(key, result)
    if not found["success"] and not keep_failures:
        shared.verifications.forget(key)
    return found


def _verifier(shared: Shared, ref: object, opts: object, stack: ExitStack) -> tuple[Verifier, Reference]:
    if not isinstance(ref, str):
        raise _RefusedError(f"ref parameter: operand 0 must be string but got {schema_type(ref)}")
    try:
        reference = parse_digest(ref)
    except InvalidReferenceError:
        raise _RefusedError(f"new digest: {digest_trouble(ref)}") from None
    try:
        options = _Options.read(opts)
        signer = _signer(shared, options)
        log = _log(shared, options, stack)
    except _RefusedError as error:
        raise _RefusedError(f"opts parameter: {error}") from None
    return Verifier(shared.client, signer, log, limit=attachment_limit(shared.environ)), reference


def _signer(shared: Shared, options: _Options) -> PublicKey | KeylessSigner:
    try:
        if options.public_key:
            return load_public_key(
                options.public_key, environ=shared.environ, cluster=shared.cluster, deadline=shared.deadline
            )
        return shared.roots.signer(Policy().overridden(identity=options.identity).keyless or options.identity)
    except (NotSupportedError, TimeoutExceededError):
        raise
    except Error as error:  # the cluster has its own kinds
        raise _RefusedError(f"new policy: {error}") from None


def _log(shared: Shared, options: _Options, stack: ExitStack) -> TransparencyLog | None:
    """The log checks. A log key among the options takes the place of the run's."""
    if options.ignore_rekor:
        _given_log_keys(options)  # must be a key all the same
        return None
    client = None
    try:
        if options.rekor_url:
            client = _client(shared, options.rekor_url, stack)
        keys = LogKeys() if options.rekor_public_key and not shared.roots.are_files else shared.roots.logs()
    except (KeyMaterialError, VerificationError) as error:
        raise _RefusedError(f"new policy: {error}") from None
    return TransparencyLog(_given_log_keys(options) or keys, client)


def _given_log_keys(options: _Options) -> LogKeys | None:
    if not options.rekor_public_key:
        return None
    try:
        return LogKeys(parse_public_key(options.rekor_public_key))
    except KeyMaterialError as error:
        raise _RefusedError(f"adding rekor public key: {error}") from None


def _client(shared: Shared, url: str, stack: ExitStack) -> RekorClient:
    from refimpl.http.transport import Transport
    from refimpl.verify.rekor import RekorClient

    transport = Transport(shared.environ, shared.deadline, user_agent="ec-ref")
    stack.callback(transport.close)
    return RekorClient(url, transport)


def _to_object(signature: Signature) -> dict[str, Any]:
    return {
        "keyid": signature.keyid,
        "signature": signature.sig,
        "certificate": signature.certificate,
        "chain": list(signature.chain),
        "metadata": dict(signature.metadata),
    }


def _describe_attestation(attestation: Attestation) -> dict[str, Any]:
    try:
        statement = as_floats(attestation.document.value)
    except ValueError as error:
        raise _RefusedError(f"parsing attestation: {error}") from None
    return {"statement": statement, "signatures": [_to_object(signature) for signature in attestation.signatures]}
