# METADATA
# title: Manifest files
# description: >-
#   Tells which files were seen, with a hash of their names and contents, and fails when one that the image has is missing
#   or when `input.image.files` and `ec.oci.image_files` differ.
package manifests

import rego.v1

files := ec.oci.image_files(input.image.ref, directories)

# From data of unknown shape: the declared type allows one literal path only.
directories := json.unmarshal(`["manifests"]`)

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

# METADATA
# title: Both readers agree
# custom:
#   short_name: differ
deny contains result if {
	object.get(input.image, "files", {}) != files
	result := {"code": "manifests.differ", "msg": "The two readers saw different files"}
}
