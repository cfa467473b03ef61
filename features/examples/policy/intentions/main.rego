package a

import rego.v1

# METADATA
# title: Without an intention
# custom:
#   short_name: none
deny contains {"code": "a.none", "msg": "Fails whatever the pipeline is for"}

# METADATA
# title: For releases and production
# custom:
#   short_name: rel
#   pipeline_intention: [release, production]
deny contains {"code": "a.rel", "msg": "Fails for releases"}

# METADATA
# title: Passes for releases
# custom:
#   short_name: relpass
#   pipeline_intention: [release]
deny contains result if {
	false
	result := {"code": "a.relpass", "msg": "unreachable"}
}

deny contains result if {
	result := {"code": "a.noannot", "msg": "Fails without an annotation"}
}

deny contains "Fails without a code"
