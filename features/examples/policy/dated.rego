package a

import rego.v1

# METADATA
# title: Fails later
# custom:
#   short_name: later
#   effective_on: 2099-01-01T00:00:00Z
deny contains {"code": "a.later", "msg": "Fails later."}

# METADATA
# title: Fails for long
# custom:
#   short_name: earlier
#   effective_on: 2001-02-01T00:00:00Z
deny contains {"code": "a.earlier", "msg": "Fails for long"}
