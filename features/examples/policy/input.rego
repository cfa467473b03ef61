package seen

import rego.v1

warn contains sprintf("%v %v", [data.conftest.file.name, json.marshal(input)])
