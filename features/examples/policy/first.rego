package source

import rego.v1

# METADATA
# title: First version
# custom:
#   short_name: first
warn contains {"code": "source.first", "msg": "The first version was taken"}
