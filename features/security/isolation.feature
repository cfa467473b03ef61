Feature: A problem in one component doesn't affect the others

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a conforming image "acceptance/plain"
    And a folder "rules" with
      | main.rego | policy/named.rego |
    And the policy configuration "sources: [{policy: [./rules]}]"

  @process-40 @process-40.<id>
  Scenario Outline: an image with half a character in its <place> doesn't affect the others
    Given an image "acceptance/odd" with the configuration and annotations
      """
      <document>
      """
    And "acceptance/odd" conforms
    When "validate image" is run
    Then the exit status should be 0
    And the components in the report are
      | plain | ${REGISTRY}/acceptance/plain@${plain_DIGEST} |
      | odd   | ${REGISTRY}/acceptance/odd@${odd_DIGEST}     |
    And the warnings are
      | component | code       | term  |
      | odd       | named.seen | odd   |
      | plain     | named.seen | plain |

    Examples:
      | id | place       | document                                     |
      | 1  | label       | {"config": {"Labels": {"a": "half \ud800"}}} |
      | 2  | environment | {"config": {"Env": ["A=\udfff half"]}}       |
      | 3  | annotation  | {"annotations": {"a": "half \ud800"}}        |

  @hostile-01
  Scenario: an image with another configuration within its manifest costs the others nothing
    Given an image "acceptance/odd" whose manifest contains a different configuration of the same size
    When "validate image" is run with
      | --strict=false |  |
    Then the exit status should be 1
    And the warnings are
      | component | code       | term  |
      | plain     | named.seen | plain |
    And the violations are
      | component | code                 |
      | odd       | builtin.image.judged |
    And the standard error has the line
      """
      Error: error validating image ${REGISTRY}/acceptance/odd:latest of component odd: error verifying sha256 checksum after reading …
      """

  @hostile-06
  Scenario: an image whose configuration is too large costs the others nothing
    Given an image "acceptance/odd" whose configuration has 2 million values
    When "validate image" is run with
      | --strict=false |  |
    Then the exit status should be 1
    And the warnings are
      | component | code       | term  |
      | plain     | named.seen | plain |
    And the violations are
      | component | code                 |
      | odd       | builtin.image.judged |
    And the standard error has the line
      """
      Error: error validating image ${REGISTRY}/acceptance/odd:latest of component odd: configuration sha256:… has more than 1000000 values
      """

  @hostile-02
  Scenario: a reference that can't be read costs the other images nothing
    Given a file "images.yaml" with
      """
      components:
        - {name: odd, containerImage: "not//a:ref@here"}
        - {name: plain, containerImage: "${REGISTRY}/acceptance/plain"}
      """
    When "validate image" is run with
      | --images | images.yaml |
    Then the exit status should be 1
    And the warnings are
      | component | code       | term  |
      | plain     | named.seen | plain |
    And the violations are
      | component | code                 |
      | odd       | builtin.image.judged |
    And a message is
      """
      Image was not judged: error validating image not//a:ref@here of component odd: could not parse reference: not//a:ref@here
      """
    And standard error has only the lines
      """
      Error: error validating image not//a:ref@here of component odd: could not parse reference: not//a:ref@here
      """

  @hostile-03
  Scenario: rules that fail for one image count for the others
    Given a conforming image "acceptance/odd"
    And a file "rules/broken.rego" with
      """
      package broken
      deny contains {"code": "broken.msg"} if input.component_name == "odd"
      """
    When "validate image" is run
    Then the exit status should be 1
    And the warnings are
      | component | code       | term  |
      | plain     | named.seen | plain |
    And the violations are
      | component | code                 |
      | odd       | builtin.image.judged |
    And the standard error has the line
      """
      Error: error validating image ${REGISTRY}/acceptance/odd:latest of component odd: query rule: check: query rule: new result: "msg" field must be present and a string
      """
