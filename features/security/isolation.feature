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
