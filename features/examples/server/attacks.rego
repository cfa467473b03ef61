package main

import rego.v1

# METADATA
# custom:
#   short_name: bad
deny contains result if {
  input.bad
  result := {"code": "main.bad", "msg": "bad"}
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
#   short_name: endless
deny contains result if {
  input.endless
  some i in numbers.range(1, 100000)
  some j in numbers.range(1, 100000)
  i * j == -1
  result := {"code": "main.endless", "msg": "endless"}
}

# METADATA
# custom:
#   short_name: asked
deny contains result if {
  manifest := ec.oci.image_manifest(input.image)
  result := {"code": "main.asked", "msg": sprintf("%d layers", [count(manifest.layers)])}
}
