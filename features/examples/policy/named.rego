package named

import rego.v1

# METADATA
# title: Tells the component's name
# custom:
#   short_name: seen
warn contains result if {
	source := json.marshal(input.image.source)
	application := sprintf("%s/%s", [input.snapshot.application, object.get(input.snapshot, "displayName", "-")])
	others := [component.name | some component in input.snapshot.components]
	result := {
		"code": "named.seen",
		"msg": sprintf("%s from %s, of %s with %v", [input.component_name, source, application, others]),
		"term": input.component_name,
	}
}
