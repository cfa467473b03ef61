Feature: Texts stay texts

  Whoever can push an image controls its labels, environment, annotations, statements and files. Whatever these contain,
  rules see it as text, the rules that decide are those of the policy, and each format of the report shows it unchanged.

  Background:
    Given the usual flags "--images images.json --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --info"

  @inject-01
  Scenario Outline: <words>, in all fields
    Given an image "acceptance/app" that has <words> in every field that its author controls
    And a policy "policy.yaml" and a snapshot "images.json" that have <words> in every field that their authors control
    When "validate image" is run with
      | --output | json |
    Then the json output reports the violations, and shows <words> unchanged

    Examples:
      | words                     |
      | a marked number           |
      | a marked end of the input |
      | an end of the input       |
      | a quoted end of the input |
      | a marked date             |
      | a request of its own      |

  @inject-02
  Scenario Outline: a marked number, reported as <format>
    Given an image "acceptance/app" that has a marked number in every field that its author controls
    And a policy "policy.yaml" and a snapshot "images.json" that have a marked number in every field that their authors control
    When "validate image" is run with
      | --output | <format> |
    Then the <format> output reports the violations, and shows a marked number unchanged

    Examples:
      | format           |
      | yaml             |
      | text             |
      | summary          |
      | summary-markdown |
      | junit            |
      | appstudio        |
      | policy-input     |
      | vsa              |
      | attestation      |

  @inject-03
  Scenario Outline: a marked end of the input, reported as <format>
    Given an image "acceptance/app" that has a marked end of the input in every field that its author controls
    And a policy "policy.yaml" and a snapshot "images.json" that have a marked end of the input in every field that their authors control
    When "validate image" is run with
      | --output | <format> |
    Then the <format> output reports the violations, and shows a marked end of the input unchanged

    Examples:
      | format           |
      | yaml             |
      | text             |
      | summary          |
      | junit            |
      | policy-input     |
      | vsa              |
      | attestation      |

  @inject-04
  Scenario Outline: half a character becomes U+FFFD, reported as <format>
    Given an image "acceptance/app" that has half a character in every field that its author controls
    And a policy "policy.yaml" and a snapshot "images.json" that have half a character in every field that their authors control
    When "validate image" is run with
      | --output | <format> |
    Then the <format> output reports the violations, and shows half a character unchanged

    Examples:
      | format           |
      | json             |
      | yaml             |
      | text             |
      | junit            |
      | policy-input     |

  @hostile-04
  Scenario: nothing in the text report makes lines of its own, or has a terminal hide others
    Given an image "acceptance/app" with the configuration and annotations
      """
      {"config": {"Labels": {"seen": "first\u0008\u001b[2J\u009b2J\nSuccess: true"}}}
      """
    And "acceptance/app" conforms
    And a file "rules/main.rego" with
      """
      package main
      deny contains {"code": "main.seen", "msg": input.image.config.Labels.seen} if input.image
      """
    And a file "images.json" with
      """
      {"components": [{"name": "app\u001b[2J\nSuccess: true", "containerImage": "${REGISTRY}/acceptance/app"}]}
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
      | --output | text                                   |
    Then the exit status should be 1
    And the output has the line
      """
      Component: app\x1b[2J\nSuccess: true
      """
    And the output has the line
      """
        Reason: first\x08\x1b[2J\x9b2J
      """
    And the output has the line
      """
        Success: true
      """

  @hostile-05
  Scenario: nothing in an error has a terminal hide others
    Given a file "images.json" with
      """
      {"components": [{"name": "app\u001b[2J\nError: none", "containerImage": "not//a:ref@here"}]}
      """
    And a key pair named "known"
    When "validate image" is run with
      | --policy | {"sources": []} |
    Then the exit status should be 1
    And standard error has only the lines
      """
      Error: error validating image not//a:ref@here of component app\x1b[2J\nError: none: could not parse reference: not//a:ref@here
      """
