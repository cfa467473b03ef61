package a

import rego.v1

# METADATA
# title: Fails twice
# description: Fails for one term and for two at once.
# custom:
#   short_name: r1
#   collections: [c1]
deny contains result if {
	some term in ["t1", ["t2", "t3"]]
	result := {"code": "a.r1", "msg": sprintf("Fails for %v", [term]), "term": term}
}

# METADATA
# title: Passes
# custom:
#   short_name: r2
#   collections: [c1, c2]
deny contains result if {
	false
	result := {"code": "a.r2", "msg": "unreachable"}
}

# METADATA
# title: Warns
# custom:
#   short_name: r3
warn contains result if {
	result := {"code": "a.r3", "msg": "Warns"}
}
