# METADATA
# title: What may be released
# description: Images of ours, built where we trust the builder.
package release

import rego.v1

# METADATA
# title: Built by us
# description: Each provenance of the image names a builder that is trusted.
# custom:
#   short_name: builder
#   failure_msg: Built by %s, which we don't trust
deny contains result if {
	some attestation in input.attestations
	attestation.statement.predicateType == "https://slsa.dev/provenance/v0.2"
	builder := attestation.statement.predicate.builder.id
	not builder in data.rule_data__configuration__.trusted_builders
	result := {"code": "release.builder", "msg": sprintf("Built by %s, which we don't trust", [builder])}
}

# METADATA
# title: Not for tests alone
# description: An image that is labelled as a test image stays here.
# custom:
#   short_name: test_image
#   failure_msg: This is a test image
deny contains result if {
	input.image.config.Labels["com.example.purpose"] == "test"
	result := {"code": "release.test_image", "msg": "This is a test image"}
}
