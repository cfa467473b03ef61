# METADATA
# title: Refusal
# description: A policy that refuses whatever it is shown.
package main

import rego.v1

# METADATA
# title: Refused
# description: Always fails.
# custom:
#   short_name: refused
deny contains result if {
	result := {"code": "main.refused", "msg": "Refused as asked"}
}
