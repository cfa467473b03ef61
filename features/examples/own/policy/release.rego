# METADATA
# title: What may be released
# description: Images that a builder that we trust made, and of which we know where they come from.
package release

import rego.v1

import data.lib.provenance

# METADATA
# title: Built by us
# description: An attestation names one of the builders that are trusted.
# custom:
#   short_name: builder
#   failure_msg: Built by %s
deny contains result if {
	some builder in provenance.builders
	not builder in data.rule_data__configuration__.trusted_builders
	result := {"code": "release.builder", "msg": sprintf("Built by %s", [builder])}
}

# METADATA
# title: Built by a task of ours
# description: Each task of the build is from a bundle that is trusted.
# custom:
#   short_name: task
#   failure_msg: Task %s
deny contains result if {
	some task in provenance.tasks
	not startswith(object.get(task.ref, "bundle", ""), data.rule_data__configuration__.trusted_tasks)
	result := {"code": "release.task", "msg": sprintf("Task %s", [task.name])}
}

# METADATA
# title: Made of what we know
# description: Each material is from a place that is trusted.
# custom:
#   short_name: material
#   failure_msg: Material %s
deny contains result if {
	some material in provenance.materials
	not startswith(material.uri, data.rule_data__configuration__.trusted_sources)
	result := {"code": "release.material", "msg": sprintf("Material %s", [material.uri])}
}

# METADATA
# title: Tested
# description: If there are results of tests, they are good.
# custom:
#   short_name: tests
#   failure_msg: Tests %s
deny contains result if {
	some attestation in input.attestations
	attestation.statement.predicateType == "https://example.com/tests/v1"
	attestation.statement.predicate.result != "passed"
	result := {"code": "release.tests", "msg": sprintf("Tests %s", [attestation.statement.predicate.result])}
}
