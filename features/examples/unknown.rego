package main

import rego.v1

deny contains result if {
	no.such.function(input)
	result := {"code": "main.unknown", "msg": "Calls a function that doesn't exist"}
}
