Feature: Functions that check signatures and package URLs

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a conforming image "acceptance/app"
    And an image "acceptance/bare" with the files
      | only | etc/bare | nothing |

  @function-01
  Scenario: package URLs: all parts
    Given the rules
      """
      package tried
      purl := "pkg:npm/%40ns/foo@1.0?arch=x&b=%20y#sub/path"
      valid if ec.purl.is_valid(purl)
      default valid := false
      warn contains json.marshal([valid, [value | value := ec.purl.parse(purl)]])
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
      | --image  | ${REGISTRY}/acceptance/app             |
    Then a message is
      """
      [true,[{"name":"foo","namespace":"@ns","qualifiers":[{"key":"arch","value":"x"},{"key":"b","value":" y"}],"subpath":"sub/path","type":"npm","version":"1.0"}]]
      """
    And the output should match the snapshot

  @function-02
  Scenario: package URLs: normalized
    Given the rules
      """
      package tried
      purl := "PKG:PYPI/Foo_Bar@1"
      valid if ec.purl.is_valid(purl)
      default valid := false
      warn contains json.marshal([valid, [value | value := ec.purl.parse(purl)]])
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
      | --image  | ${REGISTRY}/acceptance/app             |
    Then a message is
      """
      [true,[{"name":"foo-bar","namespace":"","qualifiers":[],"subpath":"","type":"pypi","version":"1"}]]
      """
    And the output should match the snapshot

  @function-03
  Scenario: package URLs: no name
    Given the rules
      """
      package tried
      purl := "pkg:npm"
      valid if ec.purl.is_valid(purl)
      default valid := false
      warn contains json.marshal([valid, [value | value := ec.purl.parse(purl)]])
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
      | --image  | ${REGISTRY}/acceptance/app             |
    Then a message is
      """
      [false,[]]
      """
    And the output should match the snapshot

  @function-<id>
  Scenario Outline: signatures: <what>
    Given the rules
      """
      package tried
      image := "${REGISTRY}/acceptance/app@${app_DIGEST}"
      usual := data.config.default_sigstore_opts
      answer := <call>
      warn contains json.marshal([answer.success, answer.errors])
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
      | --image  | ${REGISTRY}/acceptance/app             |
    Then a message is
      """
      [true,[]]
      """
    And the output should match the snapshot

    Examples:
      | id | what                            | call                                         |
      | 04 | an image's, by the policy's key | ec.sigstore.verify_image(image, usual)       |
      | 05 | an attestation's                | ec.sigstore.verify_attestation(image, usual) |

  @function-06
  Scenario: signatures: a tag isn't verified
    Given the rules
      """
      package tried
      usual := data.config.default_sigstore_opts
      answer := ec.sigstore.verify_image("${REGISTRY}/acceptance/app:latest", usual)
      warn contains json.marshal([answer.success, answer.errors])
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
      | --image  | ${REGISTRY}/acceptance/app             |
    Then a message is
      """
      [false,["new digest: a digest must contain exactly one '@' separator (e.g. registry/repository@digest) saw: ${REGISTRY}/acceptance/app:latest"]]
      """
    And the output should match the snapshot

  @function-07
  Scenario: signatures: neither key nor identity
    Given the rules
      """
      package tried
      image := "${REGISTRY}/acceptance/app@${app_DIGEST}"
      answer := ec.sigstore.verify_image(image, {"ignore_rekor": true})
      warn contains json.marshal([answer.success, answer.errors])
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
      | --image  | ${REGISTRY}/acceptance/app             |
    Then a message is
      """
      [false,["opts parameter: new policy: certificate OIDC issuer must be provided for keyless workflow\ncertificate identity must be provided for keyless workflow"]]
      """
    And the output should match the snapshot

  @function-<id>
  Scenario Outline: signatures: <what>
    Given the rules
      """
      package tried
      image := "${REGISTRY}/acceptance/app@${app_DIGEST}"
      bare := "${REGISTRY}/acceptance/bare@${bare_DIGEST}"
      usual := data.config.default_sigstore_opts
      no_key := {"ignore_rekor": true, "public_key": "none.pub"}
      answer := <call>
      warn contains json.marshal([answer.success, answer.errors])
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
      | --image  | ${REGISTRY}/acceptance/app             |
    Then a message is
      """
      [false,<errors>]
      """
    And the output should match the snapshot

    Examples:
      | id | what | call | errors |
      | 08 | a key that isn't there | ec.sigstore.verify_attestation(image, no_key) | ["opts parameter: new policy: open none.pub: no such file or directory"] |
      | 09 | an unsigned image | ec.sigstore.verify_image(bare, usual) | ["verify image signature: no signatures found"] |
      | 10 | an image without attestation | ec.sigstore.verify_attestation(bare, usual) | ["verify image attestation signature: no matching attestations: "] |

  @function-11
  Scenario: verified signatures and attestations are returned in full
    Given the rules
      """
      package tried
      image := "${REGISTRY}/acceptance/app@${app_DIGEST}"
      answer := ec.sigstore.verify_image(image, data.config.default_sigstore_opts)
      warn contains result if {
        some one in ec.sigstore.verify_attestation(image, data.config.default_sigstore_opts).attestations
        result := {"code": "tried.all", "msg": one.statement.predicateType, "image": answer.signatures, "attestation": one.signatures}
      }
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
      | --image  | ${REGISTRY}/acceptance/app             |
      | --info   |                                        |
    Then the warnings are: tried.all
    And the output should match the snapshot

  @function-12
  Scenario: one request for each artifact, however often rules of all components ask for it
    Given an image "acceptance/shared" with the files
      | only | etc/a.yaml | x: y |
    And a conforming image "acceptance/second"
    And a conforming image "acceptance/third"
    And the rules
      """
      package a
      warn contains digest if { digest := ec.oci.image_manifest("${REGISTRY}/acceptance/shared@${shared_DIGEST}").layers[0].digest }
      warn contains digest if { digest := ec.oci.image_manifest("${REGISTRY}/acceptance/shared@${shared_DIGEST}").config.digest }
      """
    And a file "rules/b.rego" with
      """
      package b
      warn contains digest if {
        some manifest in ec.oci.image_manifests({"${REGISTRY}/acceptance/shared@${shared_DIGEST}"})
        digest := manifest.config.digest
      }
      """
    And a file "images.yaml" with
      """
      components:
        - {name: app, containerImage: "${REGISTRY}/acceptance/app"}
        - {name: second, containerImage: "${REGISTRY}/acceptance/second"}
        - {name: third, containerImage: "${REGISTRY}/acceptance/third"}
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}, {"policy": ["./rules"]}]} |
      | --images | images.yaml                                                     |
    Then a message is
      """
      ${shared_LAYER_0}
      """
    And the manifest of "acceptance/shared" was fetched exactly once
    And the output should match the snapshot

  @function-13
  Scenario: what can't be fetched is logged with its reference
    Given the rules
      """
      package tried
      warn contains "nothing is had" if { not ec.oci.image_manifest("${REGISTRY}/acceptance/none:v1") }
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
      | --image  | ${REGISTRY}/acceptance/app             |
    Then a message is
      """
      nothing is had
      """
    And the log contains "function=ec.oci.image_manifest"
    And the log contains "${REGISTRY}/acceptance/none:v1"
    And the output should match the snapshot
