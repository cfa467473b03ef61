package source

import rego.v1

# METADATA
# title: Second version
# custom:
#   short_name: second
warn contains {"code": "source.second", "msg": "The second version was taken"}
