# METADATA
# title: Happy day
# description: A policy that accepts whatever it is shown.
package main

import rego.v1

# METADATA
# title: Accepted
# description: Never fails, and so is listed as a success.
# custom:
#   short_name: acceptor
#   failure_msg: Never used
deny contains result if {
	false
	result := "unreachable"
}
