Feature: Texts stay texts

  Whoever may push an image writes labels, environments, annotations, statements and files as they like. Whatever these
  say, rules see it as a text, the rules that judge are those of the policy, and each format of the report shows it.

  Background:
    Given the usual flags "--images images.json --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --info"

  @inject-01
  Scenario Outline: <words>, in all places
    Given an image "acceptance/app" that has <words> wherever its maker may write
    And a policy "policy.yaml" and a snapshot "images.json" that have <words> wherever their makers may write
    When "validate image" is run with
      | --output | json |
    Then the json output denies, and shows <words> as it is

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
    Given an image "acceptance/app" that has a marked number wherever its maker may write
    And a policy "policy.yaml" and a snapshot "images.json" that have a marked number wherever their makers may write
    When "validate image" is run with
      | --output | <format> |
    Then the <format> output denies, and shows a marked number as it is

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
    Given an image "acceptance/app" that has a marked end of the input wherever its maker may write
    And a policy "policy.yaml" and a snapshot "images.json" that have a marked end of the input wherever their makers may write
    When "validate image" is run with
      | --output | <format> |
    Then the <format> output denies, and shows a marked end of the input as it is

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
  Scenario Outline: half a character is U+FFFD, and ends nothing, reported as <format>
    Given an image "acceptance/app" that has half a character wherever its maker may write
    And a policy "policy.yaml" and a snapshot "images.json" that have half a character wherever their makers may write
    When "validate image" is run with
      | --output | <format> |
    Then the <format> output denies, and shows half a character as it is

    Examples:
      | format           |
      | json             |
      | yaml             |
      | text             |
      | junit            |
      | policy-input     |
