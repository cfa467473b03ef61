package c

import rego.v1

# METADATA
# title: Passes
# custom:
#   short_name: r1
deny contains result if {
	false
	result := {"code": "c.r1", "msg": "unreachable"}
}
