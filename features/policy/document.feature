Feature: The input that policies see

  `--output policy-input` prints it, one line for each component; a rule shows that it sees the same.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"

  @document-01
  Scenario: attestations, signatures, configuration, source and snapshot
    Given an image "acceptance/app" with the configuration and annotations
      """
      {"config": {"Labels": {"b": "2", "a": "1"}, "Env": ["PATH=/bin"], "Cmd": [], "User": "", "WorkingDir": "/", "ExposedPorts": {"80/tcp": {}}, "Unknown": 1}}
      """
    And "acceptance/app" conforms
    And a folder "rules" with
      | main.rego | policy/first.rego |
    And a file "images.yaml" with
      """
      application: app1
      components:
        - name: app
          containerImage: ${REGISTRY}/acceptance/app:latest
          source: {git: {url: "https://example.com/a.git", revision: main}}
      """
    When "validate image" is run with
      | --policy | {"name": "seen too", "sources": [{"policy": ["./rules"], "ruleData": {"number": 1.50}}]} |
      | --images | images.yaml                                                                              |
      | --output | policy-input                                                                             |
    Then the exit status should be 0
    And the lines of the output should match the snapshot

  @document-<id>
  Scenario Outline: an image's parent, named <how>
    Given an image "acceptance/base" with the configuration and annotations
      """
      {"config": {"Labels": {"name": "base"}}}
      """
    And an image "acceptance/app" with the configuration and annotations
      """
      {"annotations": {"org.opencontainers.image.base.name": "<name>", "org.opencontainers.image.base.digest": "<digest>"}}
      """
    And "acceptance/app" conforms
    And the rules
      """
      package parent
      warn contains json.marshal(object.get(input.image, "parent", "none"))
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
      | --image  | ${REGISTRY}/acceptance/app             |
    Then the output should match the snapshot
    And the warnings are: (no code)

    Examples:
      | id | how                 | name                                       | digest         |
      | 02 | with tag and digest | ${REGISTRY}/acceptance/base:latest         | ${base_DIGEST} |
      | 03 | by its digest alone | ${REGISTRY}/acceptance/base@${base_DIGEST} |                |
      | 04 | without a digest    | ${REGISTRY}/acceptance/base:latest         |                |
      | 05 | but not there       | ${REGISTRY}/acceptance/nowhere:v1          | ${base_DIGEST} |

  @document-06
  Scenario: numbers are 64-bit floats
    Given a conforming image "acceptance/app"
    And the rules
      """
      package numbers
      warn contains sprintf("%v", [input.policy_spec.sources[0].ruleData])
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"], "ruleData": {"big": 12345678901234567890, "odd": 9007199254740993, "half": 1.50, "thousand": 1e3}}]} |
    Then a message is
      """
      {"big": 12345678901234567000, "half": 1.5, "odd": 9007199254740992, "thousand": 1000}
      """
    And the output should match the snapshot

  @document-07
  Scenario: without signature verification there are no signatures
    Given a conforming image "acceptance/app"
    And the rules
      """
      package seen
      warn contains sprintf("signatures %v, of attestations %v", [
        count(object.get(input.image, "signatures", [])),
        [count(object.get(one, "signatures", [])) | some one in input.attestations],
      ])
      """
    When "validate image" is run with
      | --policy               | {"sources": [{"policy": ["./rules"]}]} |
      | --skip-image-sig-check |                                        |
    Then a message is
      """
      signatures 0, of attestations [1]
      """
    And the output should match the snapshot

  @document-08
  Scenario: the printed input is the input that rules see
    Given a conforming image "acceptance/app"
    And the rules
      """
      package seen
      deny contains crypto.sha256(json.marshal(input))
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
      | --output | json                                   |
      | --output | policy-input=input.json                |
    Then the exit status should be 1
    And the message is the hash of the file "input.json"
