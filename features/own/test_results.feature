Feature: A program ships only if it passed the conformance suite

  `ec-conformance run --attest FILE` tells of a program what the suite came to (docs/attestation.md). The policy demands of
  the image that holds it at least one such attestation, that each says PASSED, and that the suite was this one.

  Background:
    Given a key pair named "known"
    And an image named "acceptance/app"
    And a valid image signature of "acceptance/app" image signed by the "known" key
    And a folder "rules" with the files of "conformance"
    And the usual flags "--policy '{"sources": [{"policy": ["./rules"]}]}' --public-key ${known_PUBLIC_KEY} --ignore-rekor --output json"

  @conformance-01
  Scenario: a run that passed
    Given an attestation of "acceptance/app" signed by the "known" key with the predicate "https://in-toto.io/attestation/test-result/v0.1"
      """
      {"result": "PASSED", "configuration": [{"name": "ec-acceptance 0.1.0"}], "passedTests": ["happy-01"]}
      """
    When "validate image" is run for "app"
    Then the exit status should be 0
    And the registry was asked for
      | attestation | acceptance/app |

  @conformance-02
  Scenario Outline: a test result that doesn't count: <what>
    Given an attestation of "acceptance/app" signed by the "known" key with the predicate "<type>"
      """
      {"result": "<result>", "configuration": [{"name": "<suite>"}]}
      """
    When "validate image" is run for "app"
    Then the exit status should be 1
    And the violations are
      | code               | message   |
      | conformance.<code> | <message> |

    Examples:
      | what               | type                                            | result | suite               | code   | message                          |
      | it failed          | https://in-toto.io/attestation/test-result/v0.1 | FAILED | ec-acceptance 0.1.0 | passed | The suite says FAILED            |
      | a part of it ran   | https://in-toto.io/attestation/test-result/v0.1 | WARNED | ec-acceptance 0.1.0 | passed | The suite says WARNED            |
      | in other letters   | https://in-toto.io/attestation/test-result/v0.1 | passed | ec-acceptance 0.1.0 | passed | The suite says passed            |
      | another suite's    | https://in-toto.io/attestation/test-result/v0.1 | PASSED | lint 1.0            | shown  | No run of the suite is attested  |
      | another predicate  | https://in-toto.io/attestation/test-result/v0.2 | PASSED | ec-acceptance 0.1.0 | shown  | No run of the suite is attested  |

  @conformance-03
  Scenario: a later run that failed counts beside one that passed
    Given an attestation of "acceptance/app" signed by the "known" key with the predicate "https://in-toto.io/attestation/test-result/v0.1"
      """
      {"result": "PASSED", "configuration": [{"name": "ec-acceptance 0.1.0"}]}
      """
    And an attestation of "acceptance/app" signed by the "known" key with the predicate "https://in-toto.io/attestation/test-result/v0.1"
      """
      {"result": "FAILED", "configuration": [{"name": "ec-acceptance 0.1.0"}]}
      """
    When "validate image" is run for "app"
    Then the exit status should be 1
    And the violations are
      | code               | message               |
      | conformance.passed | The suite says FAILED |
