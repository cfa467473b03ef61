Feature: Functions that query registries

  Each rule returns a list with the value of one call; the list is empty if the call is undefined.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a conforming image "acceptance/app"
    And an image "acceptance/files" with the files of "images/functions.yaml"

  @builtin-<id>
  Scenario Outline: <what>
    Given the rules
      """
      package tried
      repository := "${REGISTRY}/acceptance/files"
      image := "${REGISTRY}/acceptance/files@${files_DIGEST}"
      config := "${REGISTRY}/acceptance/files@${files_CONFIG}"
      layer := "${REGISTRY}/acceptance/files@${files_LAYER_0}"
      tagged := "${REGISTRY}/acceptance/files:latest"
      absent := "${REGISTRY}/acceptance/none"
      paths(text) := json.unmarshal(text)
      suffix(tag) := regex.replace(tag, `.*\.`, "")
      warn contains json.marshal([value | value := <call>])
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
      | --image  | ${REGISTRY}/acceptance/app             |
    Then the warnings are: (no code)
    And a message is
      """
      <value>
      """
    And the output should match the snapshot

    Examples: blobs
      | id | what                      | call                                               | value      |
      | 01 | a blob as text            | count(ec.oci.blob(config)) > 100                   | [true]     |
      | 02 | a compressed blob is none | ec.oci.blob(layer)                                 | []         |
      | 03 | a blob as JSON            | ec.oci.parsed_blob(config).rootfs.type             | ["layers"] |
      | 04 | a tag names no blob       | ec.oci.blob("${REGISTRY}/acceptance/files:latest") | []         |

    Examples: images
      | id | what | call | value |
      | 07 | a manifest | [layer.digest \| some layer in ec.oci.image_manifest(repository).layers] | [["${files_LAYER_0}","${files_LAYER_1}"]] |
      | 08 | an image that isn't there has none | ec.oci.image_manifest("${REGISTRY}/acceptance/files:none") | [] |
      | 09 | manifests of those that are there | object.keys(ec.oci.image_manifests({tagged, absent})) | [["${REGISTRY}/acceptance/files:latest"]] |
      | 11 | files of no directory | ec.oci.image_files(image, paths(`[]`)) | [null] |
      | 12 | files of a tag aren't read | ec.oci.image_files("${REGISTRY}/acceptance/files:latest", ["etc"]) | [] |
      | 13 | an image is no index | ec.oci.image_index(repository) | [] |
      | 14 | tags that belong to an image | [suffix(tag) \| some tag in ec.oci.image_tag_refs("${REGISTRY}/acceptance/app")] | [["sig","att"]] |

  @builtin-05
  Scenario: the files of a blob, by their exact names
    Given the rules
      """
      package tried
      layer := "${REGISTRY}/acceptance/files@${files_LAYER_0}"
      paths(text) := json.unmarshal(text)
      warn contains json.marshal([value | value := ec.oci.blob_files(layer, paths(`["etc/a.yaml", "dot/x.yaml", "./dot/x.yaml", "etc/bad.yaml", "none"]`))])
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
      | --image  | ${REGISTRY}/acceptance/app             |
    Then the warnings are: (no code)
    And a message is
      """
      [{"./dot/x.yaml":{"d":1},"etc/a.yaml":{"x":true}}]
      """
    And the output should match the snapshot

  @builtin-06
  Scenario: a descriptor, by tag
    Given the rules
      """
      package tried
      repository := "${REGISTRY}/acceptance/files"
      warn contains json.marshal([value | value := object.filter(ec.oci.descriptor(repository), {"digest", "mediaType", "data", "urls"})])
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
      | --image  | ${REGISTRY}/acceptance/app             |
    Then the warnings are: (no code)
    And a message is
      """
      [{"data":"","digest":"${files_DIGEST}","mediaType":"application/vnd.oci.image.manifest.v1+json","urls":[]}]
      """
    And the output should match the snapshot

  @builtin-10
  Scenario: files of directories, all layers together
    Given the rules
      """
      package tried
      image := "${REGISTRY}/acceptance/files@${files_DIGEST}"
      paths(text) := json.unmarshal(text)
      warn contains json.marshal([value | value := ec.oci.image_files(image, paths(`["etc/", ".", "dot"]`))])
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
      | --image  | ${REGISTRY}/acceptance/app             |
    Then the warnings are: (no code)
    And a message is
      """
      [{"Etc/up.JSON":{"u":1.5},"dot/x.yaml":{"d":1},"etc/a.yaml":{"x":true},"top.json":[1]}]
      """
    And the output should match the snapshot

  @builtin-15
  Scenario: an index, with platforms
    Given an image "acceptance/multi" for the architectures "amd64, s390x", all conforming
    And the rules
      """
      package tried
      warn contains json.marshal([[one.digest, one.platform.architecture] |
        some one in ec.oci.image_index("${REGISTRY}/acceptance/multi").manifests])
      warn contains sprintf("%s", [ec.oci.image_manifest("${REGISTRY}/acceptance/multi").config.digest])
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
      | --image  | ${REGISTRY}/acceptance/app             |
    Then a message is
      """
      [["${multi-amd64_DIGEST}","amd64"],["${multi-s390x_DIGEST}","s390x"]]
      """
    And a message is
      """
      ${multi-amd64_CONFIG}
      """
    And the output should match the snapshot

  @builtin-16
  Scenario: the referrers of an image
    Given an image "acceptance/note" that refers to "acceptance/files"
    And the rules
      """
      package tried
      warn contains json.marshal([[one.artifactType, one.digest, one.ref] |
        some one in ec.oci.image_referrers("${REGISTRY}/acceptance/files@${files_DIGEST}")])
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
      | --image  | ${REGISTRY}/acceptance/app             |
    Then a message is
      """
      [["application/x-note","${note_DIGEST}","${REGISTRY}/acceptance/files@${note_DIGEST}"]]
      """
    And the output should match the snapshot
