# METADATA
# description: Rules whose messages have characters that YAML and XML have no way to write, or take for line breaks
package odd

import rego.v1

# METADATA
# title: Breaks
# custom:
#   short_name: breaks
deny contains result if {
	result := {"code": "odd.breaks", "msg": "a\u2028b"}
}

# METADATA
# title: Controls
# custom:
#   short_name: controls
deny contains result if {
	result := {
		"code": "odd.controls",
		"msg": "\u0000\u0007\u001b[31m\u007f\u0085\u009b\u2028\u2029\ufeff\ufffe\ttab\r\nend ]]>",
	}
}
