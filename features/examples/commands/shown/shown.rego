package shown

import rego.v1

# METADATA
# title: Shows
# description: Tells what it was asked about.
# custom:
#   short_name: input
warn contains {"code": "shown.input", "msg": json.marshal(input)}

# METADATA
# title: Named
# custom:
#   short_name: file
warn contains {"code": "shown.file", "msg": data.conftest.file.name}
