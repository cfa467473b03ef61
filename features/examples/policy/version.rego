package version

import rego.v1

# METADATA
# title: Tells the data
# custom:
#   short_name: seen
warn contains result if {
	result := {"code": "version.seen", "msg": json.marshal(seen)}
}

# Each by its name: what is all of data is also this rule.
seen.k1 := data.k1

seen.deep := data.deep

seen.sub := data.sub

seen.merged := data.merged

seen.ignored := data.ignored

seen.beside := data.beside

seen.second := data.second

seen.facts := data.facts

seen.shared := data.shared

seen.rule_data__configuration__ := data.rule_data__configuration__
