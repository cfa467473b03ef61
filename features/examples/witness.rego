# METADATA
# title: Witness
# description: >-
#   Asks the registry for a tag that names the files which `manifests` saw. There is none such, and that changes nothing:
#   the request alone shows, while the validation still runs, that the files of this image were read and judged.
package witness

import rego.v1

seen := substring(crypto.sha256(json.marshal(data.manifests.files)), 0, 12)

repository := split(input.image.ref, "@")[0]

# METADATA
# title: The files are a tag
# custom:
#   short_name: tag
warn contains result if {
	ec.oci.descriptor(sprintf("%s:seen-%s", [repository, seen]))
	result := {"code": "witness.tag", "msg": "There is a tag that nobody made"}
}
