package main

import rego.v1

# METADATA
# title: No bad input
# custom:
#   short_name: bad
deny contains result if {
  input.bad
  result := {"code": "main.bad", "msg": sprintf("bad: %v", [input.bad])}
}

# METADATA
# custom:
#   short_name: odd
warn contains result if {
  input.odd
  result := {"code": "main.odd", "msg": "odd"}
}

# METADATA
# custom:
#   short_name: broken
deny contains result if {
  input.fails
  result := {"code": "main.broken", "msg": sprintf("%v", [two_values])}
}

two_values := 1 if input.fails

two_values := 2 if input.fails

# METADATA
# custom:
#   short_name: asked
deny contains result if {
  ec.oci.image_manifest(input.image)
  result := {"code": "main.asked", "msg": "asked"}
}
