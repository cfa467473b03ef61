# METADATA
# title: The conformance suite passed
# description: Attested test results of the suite, all of which say that it passed.
package conformance

import rego.v1

results contains attestation.statement.predicate if {
	some attestation in input.attestations
	attestation.statement.predicateType == "https://in-toto.io/attestation/test-result/v0.1"
	some suite in attestation.statement.predicate.configuration
	startswith(suite.name, "ec-acceptance ")
}

# METADATA
# title: It passed
# custom:
#   short_name: passed
deny contains result if {
	some predicate in results
	predicate.result != "PASSED"
	result := {"code": "conformance.passed", "msg": sprintf("The suite says %s", [predicate.result])}
}

# METADATA
# title: It ran
# custom:
#   short_name: shown
deny contains result if {
	count(results) == 0
	result := {"code": "conformance.shown", "msg": "No run of the suite is attested"}
}
