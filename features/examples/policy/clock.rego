package clock

import rego.v1

# METADATA
# title: It is late
# custom:
#   short_name: late
warn contains result if {
	now := data.config.policy.when_ns
	now > time.parse_rfc3339_ns("2025-01-01T00:00:00Z")
	result := {"code": "clock.late", "msg": message(now)}
}

# The clock of the machine is no message: it changes.
message(ns) := sprintf("It is %s", [time.format(ns)]) if ns > time.parse_rfc3339_ns("2090-01-01T00:00:00Z")

message(ns) := "It is late" if ns <= time.parse_rfc3339_ns("2090-01-01T00:00:00Z")
