"""SLSA provenance 0.2 and 1: the typed reading, before the schema (specification 20 §5.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refimpl.errors import VerificationError
from refimpl.golang.document import DocumentError
from refimpl.golang.typed import ANY, BOOL, BYTES, STRING, TIME, Struct, Table, decode_struct, list_of
from refimpl.record import record
from refimpl.verify.schema import SLSA_V02, SLSA_V1, schema_error
from refimpl.verify.statement import HEADER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.golang.document import Document

_V0_1 = "https://in-toto.io/Statement/v0.1"
_V1 = "https://in-toto.io/Statement/v1"

_DIGEST_SET = Table("common.DigestSet", STRING)


def _v02() -> Struct:
    config_source = Struct.of("v02.ConfigSource", uri=STRING, digest=_DIGEST_SET, entryPoint=STRING)
    completeness = Struct.of("v02.ProvenanceComplete", parameters=BOOL, environment=BOOL, materials=BOOL)
    return Struct.of(
        "v02.ProvenancePredicate",
        builder=Struct.of("common.ProvenanceBuilder", id=STRING),
        buildType=STRING,
        invocation=Struct.of("v02.ProvenanceInvocation", configSource=config_source, parameters=ANY, environment=ANY),
        buildConfig=ANY,
        metadata=Struct.of(
            "v02.ProvenanceMetadata",
            buildInvocationID=STRING,
            buildStartedOn=TIME,
            buildFinishedOn=TIME,
            completeness=completeness,
            reproducible=BOOL,
        ),
        materials=list_of(Struct.of("common.ProvenanceMaterial", uri=STRING, digest=_DIGEST_SET)),
    )


def _v1() -> Struct:
    dependencies = list_of(
        Struct.of(
            "v1.ResourceDescriptor",
            uri=STRING,
            digest=_DIGEST_SET,
            name=STRING,
            downloadLocation=STRING,
            mediaType=STRING,
            content=BYTES,
            annotations=Table("map[string]interface {}", ANY),
        )
    )
    definition = Struct.of(
        "v1.ProvenanceBuildDefinition",
        buildType=STRING,
        externalParameters=ANY,
        internalParameters=ANY,
        resolvedDependencies=dependencies,
    )
    run = Struct.of(
        "v1.ProvenanceRunDetails",
        builder=Struct.of(
            "v1.Builder", id=STRING, version=Table("map[string]string", STRING), builderDependencies=dependencies
        ),
        metadata=Struct.of("v1.BuildMetadata", invocationId=STRING, startedOn=TIME, finishedOn=TIME),
        byproducts=dependencies,
    )
    return Struct.of("v1.ProvenancePredicate", buildDefinition=definition, runDetails=run)


@record
class Provenance:
    """One version of SLSA provenance.

    Attributes:
        statement: its statement, typed.
        statement_types: which ``_type`` goes with it.
        build_type: where in the statement the build's type stands.
    """

    label: str
    schema_label: str
    schema: Mapping[str, Any]
    statement: Struct
    statement_types: tuple[str, ...]
    build_type: tuple[str, ...]

    def read(self, statement: Document) -> str:
        """The build's type, empty when missing, of a statement that conforms.

        Raises:
            VerificationError: it doesn't conform: a wrong type, another ``_type``, or against the schema.
        """
        try:
            typed: Any = decode_struct(statement, self.statement)
        except DocumentError as error:
            raise self._error(f"malformed attestation data: {error}") from None
        if (found := typed.get("_type", "")) not in self.statement_types:
            raise self._error(f"unsupported attestation type: {found}")
        if reason := schema_error(self.schema, statement.value):
            raise self._error(f"attestation does not conform to {self.schema_label} schema: {reason}")
        for name in self.build_type:
            typed = typed.get(name) or {}
        return typed or ""

    def _error(self, reason: str) -> VerificationError:
        return VerificationError(f"unable to parse as {self.label}: {reason}")


#: By predicate type.
PROVENANCE: Mapping[str, Provenance] = {
    "https://slsa.dev/provenance/v0.2": Provenance(
        label="SLSA v0.2",
        schema_label="SLSA v0.2",
        schema=SLSA_V02,
        statement=HEADER.plus(predicate=_v02()),
        statement_types=(_V0_1,),
        build_type=("predicate", "buildType"),
    ),
    "https://slsa.dev/provenance/v1": Provenance(
        label="SLSA v1",
        schema_label="SLSA v1.0",
        schema=SLSA_V1,
        statement=HEADER.plus(predicate=_v1()),
        statement_types=(_V1, _V0_1),
        build_type=("predicate", "buildDefinition", "buildType"),
    ),
}
