# METADATA
# title: Manifest files
# description: >-
#   Tells which files were seen through `input.image.files`, with a hash of their names and contents, and fails when one
#   that the image has is missing. So a part, none and the wrong files are told apart in the report.
package manifests

import rego.v1

files := object.get(input.image, "files", {})

required := {"manifests/own.json", "manifests/shared-first.json", "manifests/shared-last.yaml"}

# METADATA
# title: Files seen
# custom:
#   short_name: seen
warn contains result if {
	text := sprintf("%d files, hash %s", [count(files), crypto.sha256(json.marshal(files))])
	result := {"code": "manifests.seen", "msg": text}
}

# METADATA
# title: No file is missing
# custom:
#   short_name: missing
deny contains result if {
	some path in required
	not path in object.keys(files)
	result := {"code": "manifests.missing", "msg": sprintf("The file %s is missing", [path]), "term": path}
}
