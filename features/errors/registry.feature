Feature: Images that can't be fetched

  An image that can't be fetched is a violation that names the address and the cause. Its rules aren't evaluated; the
  other components are validated as usual.

  Background:
    Given a key pair named "known"
    And an image named "acceptance/image"
    And a valid image signature of "acceptance/image" image signed by the "known" key
    And a valid attestation of "acceptance/image" signed by the "known" key
    And a git repository named "policies" with
      | accepting/main.rego | happy_day.rego |

  @registry-<id>
  Scenario Outline: <what>
    When "validate image" is run with
      | --json-input   | {"components": [{"name": "bad", "containerImage": "<image>"}, {"name": "good", "containerImage": "${REGISTRY}/acceptance/image"}]} |
      | --policy       | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]}                                                 |
      | --public-key   | ${known_PUBLIC_KEY}                                                                                                                |
      | --ignore-rekor |                                                                                                                                    |
      | --output       | json                                                                                                                               |
    Then the exit status should be 1
    And the output should match the snapshot
    And the violations are
      | component | code                     |
      | bad       | builtin.image.accessible |

    Examples:
      | id | what                          | image                                |
      | 01 | nobody listens at the address | ${NOBODY}/acceptance/image:v1        |
      | 02 | there is no such image        | ${REGISTRY}/acceptance/no-such-image |
      | 03 | there is no such tag          | ${REGISTRY}/acceptance/image:nope    |
