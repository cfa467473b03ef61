package lib.provenance

import rego.v1

_predicates contains attestation.statement.predicate if {
	some attestation in input.attestations
	attestation.statement.predicateType == "https://slsa.dev/provenance/v0.2"
}

builders contains predicate.builder.id if some predicate in _predicates

tasks contains task if {
	some predicate in _predicates
	some task in predicate.buildConfig.tasks
}

materials contains material if {
	some predicate in _predicates
	some material in predicate.materials
}
