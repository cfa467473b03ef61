package main

import rego.v1

deny contains result if {
	result := {"code": "main.broken", "msg": "The closing brace of this rule is missing"

