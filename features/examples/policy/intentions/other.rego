package b

import rego.v1

# METADATA
# title: For builds
# custom:
#   short_name: rel
#   pipeline_intention: [build]
deny contains {"code": "b.rel", "msg": "Fails for builds"}
