package files

import rego.v1

# METADATA
# title: Files
# custom:
#   short_name: seen
warn contains {"code": "files.seen", "msg": json.marshal(object.get(input.image, "files", {}))}
