package bare

import rego.v1

deny contains "x" if input.x

warn_some contains {"code": "bare.y", "msg": "y"} if input.y

allow := true
