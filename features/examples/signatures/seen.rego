package seen

# What there is to see of the signatures and attestations of ${IMAGE}, by the key "known".

options := {"ignore_rekor": true, "public_key": `${KEY}`}

image := ec.sigstore.verify_image("${IMAGE}", options)

attestations := ec.sigstore.verify_attestation("${IMAGE}", options)

warn contains sprintf("%d signatures, success is %v", [count(image.signatures), image.success])

warn contains sprintf("signatures are %s", [json.marshal(image.signatures)])

warn contains sprintf("signatures: %s", [error]) if some error in image.errors

types := [one.statement.predicateType | some one in attestations.attestations]

warn contains sprintf("%d attestations, success is %v: %s", [count(types), attestations.success, concat(" ", types)])

warn contains sprintf("attestations: %s", [error]) if some error in attestations.errors
