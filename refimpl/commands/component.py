"""One component, from its reference to its results (specification 10 §2.6, 20 §1)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from refimpl.errors import (
    ComponentError,
    Error,
    InternalError,
    MissingChildError,
    RegistryError,
    TimeoutExceededError,
    VerificationError,
)
from refimpl.oci.reference import parse
from refimpl.policy_input.image import image_details
from refimpl.record import record, replace
from refimpl.rego.builtins import ComponentContext
from refimpl.report.model import ComponentResult
from refimpl.result import Result, arrange
from refimpl.verify import checks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from refimpl.command_line.options import Options
    from refimpl.commands.snapshot import Component
    from refimpl.evaluation.evaluator import Evaluator
    from refimpl.layers import Layers
    from refimpl.oci.client import Client
    from refimpl.oci.reference import Reference
    from refimpl.policy.effective_time import EffectiveTime
    from refimpl.policy_input.document import InputDocuments
    from refimpl.rego.builtins import Shared
    from refimpl.verify.attestation import Attestation
    from refimpl.verify.cosign import Verifier
    from refimpl.verify.signature import Signature
    from refimpl.vsa.check import Check

__all__ = ["ComponentOutcome", "ComponentValidator"]

_log = logging.getLogger(__name__)


@record
class ComponentOutcome:
    """What came of one component.

    Attributes:
        result: for the report.
        effective_time: that its attestations gave.
        fault: of ours, which kept it from being judged; the report must not pass for one without.
    """

    result: ComponentResult
    effective_time: EffectiveTime
    fault: InternalError | None = None


@record
class ComponentValidator:
    """What components are validated with; `validate` may run in many threads at once.

    Attributes:
        options: of the command line.
        client: asks registries.
        layers: reads layers.
        verifier: of signatures and attestations.
        evaluators: one for each source group, in order.
        documents: writes ``input``.
        effective_time: of the policy; an image's attestations may fix it.
        shared: what the ``ec.*`` functions work with.
        existing: finds VSAs that make a validation unnecessary; None if none is looked for.
    """

    options: Options
    client: Client
    layers: Layers
    verifier: Verifier
    evaluators: Sequence[Evaluator]
    documents: InputDocuments
    effective_time: EffectiveTime
    shared: Shared
    existing: Check | None = None

    def validate(self, component: Component) -> ComponentOutcome:
        """Judge a component. A fault of ours in it is a violation of its own, and leaves the others their verdicts.

        Raises:
            ComponentError: it cannot be judged; the text names it and the cause.
            TimeoutExceededError: the time is over.
        """
        try:
            return self._validate(component)
        except TimeoutExceededError:
            raise
        except InternalError as error:
            fault = error
        except Error as error:
            raise ComponentError(
                f"error validating image {component.container_image} of component {component.name}: {error}"
            ) from error
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - faults of libraries in other languages are no Exceptions
            fault = InternalError.of(error)
        found = _Findings(component, self.options)
        found.violations.append(checks.unjudged(fault))
        return ComponentOutcome(found.result(component.container_image), self.effective_time, fault)

    def _validate(self, component: Component) -> ComponentOutcome:
        found = _Findings(component, self.options)
        if component.unknown is not None:
            found.violations.append(checks.inaccessible(component.unknown))
            return ComponentOutcome(found.result(component.container_image), self.effective_time)
        if self._is_attested(component):
            return ComponentOutcome(
                replace(found.result(component.container_image), attested=True), self.effective_time
            )
        reference = parse(component.container_image)
        try:
            descriptor = self.client.head(reference)
        except RegistryError as error:
            found.violations.append(checks.inaccessible(error))
            return ComponentOutcome(found.result(component.container_image), self.effective_time)
        image = reference if reference.digest else reference.at(descriptor.digest)
        try:
            details = image_details(self.client, self.layers, image)
        except MissingChildError as error:
            found.violations.append(checks.inaccessible(error))
            return ComponentOutcome(found.result(str(image)), self.effective_time)
        signatures = self._signatures(image, found)
        attestations = self._attestations(image, found)
        if attestations is None:
            return ComponentOutcome(found.result(str(image)), self.effective_time)
        syntax = checks.syntax(attestations)
        passed = syntax == checks.ATTESTATION_SYNTAX.passed()
        (found.successes if passed else found.violations).append(syntax)
        effective_time = self.effective_time.after(
            finished for one in attestations if (finished := one.build_finished) is not None
        )
        if not attestations:
            found.violations.append(checks.NO_ATTESTATIONS)
            return ComponentOutcome(found.result(str(image), signatures=signatures), effective_time)
        document = self.documents.document(
            ref=str(image),
            component_name=component.name,
            attestations=attestations,
            signatures=signatures,
            config=details.config,
            parent=details.parent,
            files=details.files,
            source=component.source,
        )
        context = ComponentContext(self.shared)
        for evaluator in self.evaluators:
            outcome = evaluator.evaluate(
                str(image), component.name, document, time_ns=effective_time.nanoseconds, context=context
            )
            found.violations += outcome.violations
            found.warnings += outcome.warnings
            found.successes += outcome.successes
        return ComponentOutcome(found.result(str(image), signatures, attestations, document), effective_time)

    def _is_attested(self, component: Component) -> bool:
        if self.existing is None:
            return False
        from refimpl.vsa.existing import is_attested

        return is_attested(self.existing, component.container_image, component.name)

    def _signatures(self, image: Reference, found: _Findings) -> tuple[Signature, ...]:
        if self.options.skip_image_sig_check:
            return ()
        try:
            signatures = self.verifier.image_signatures(image)
        except VerificationError as error:
            found.violations.append(checks.unverified(checks.IMAGE_SIGNATURE, error, by_key=self.verifier.by_key))
            return ()
        found.successes.append(checks.IMAGE_SIGNATURE.passed())
        return signatures

    def _attestations(self, image: Reference, found: _Findings) -> tuple[Attestation, ...] | None:
        """None ends the component."""
        if self.options.skip_att_sig_check:
            try:
                return self.verifier.unverified_attestations(image)
            except VerificationError as error:
                _log.warning("Failed to fetch attestations without verification: %s", error)
                found.violations.append(checks.unfetched_attestations(error))
                return None
        try:
            attestations = self.verifier.attestations(image)
        except VerificationError as error:
            found.violations.append(checks.unverified(checks.ATTESTATION_SIGNATURE, error, by_key=self.verifier.by_key))
            return None
        found.successes.append(checks.ATTESTATION_SIGNATURE.passed())
        return attestations


class _Findings:
    """The results of one component as they come."""

    def __init__(self, component: Component, options: Options) -> None:
        self._component = component
        self._info = options.info
        self.violations: list[Result] = []
        self.warnings: list[Result] = []
        self.successes: list[Result] = []

    def result(
        self,
        image: str,
        signatures: Sequence[Signature] = (),
        attestations: Sequence[Attestation] = (),
        document: bytes = b"",
    ) -> ComponentResult:
        """The component as the report shows it."""
        return ComponentResult(
            name=self._component.name,
            container_image=image,
            source=self._component.source,
            violations=arrange(self.violations, info=self._info),
            warnings=arrange(self.warnings, info=self._info),
            successes=arrange(self.successes, info=self._info),
            signatures=tuple(signature.to_json() for signature in signatures),
            attestations=tuple(attestation.to_json() for attestation in attestations),
            policy_input=document,
            statements=tuple(attestation.statement for attestation in attestations),
        )
