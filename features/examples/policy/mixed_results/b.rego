package b

import rego.v1

deny contains "Denies without a code"

deny contains result if {
	result := {"code": "b.coded", "msg": "Denies with a code that no annotation has"}
}

warn contains result if {
	result := {"code": "zz.other", "msg": "Warns with a code of another package"}
}

warn contains result if {
	result := {"code": "nodot", "msg": "Warns with a code without a dot"}
}
