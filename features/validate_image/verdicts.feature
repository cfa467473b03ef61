Feature: Images that don't conform

  A failure is named by its code; `--strict` decides the exit status, and nothing else changes.

  Background:
    Given a key pair named "known"
    And a key pair named "other"
    And an image named "acceptance/image"
    And a git repository named "policies" with
      | accepting/main.rego | happy_day.rego |
      | refusing/main.rego  | refusing.rego  |

  @verdict-<id>
  Scenario Outline: signed and attested by another key, --strict=<strict>
    Given a valid image signature of "acceptance/image" image signed by the "other" key
    And a valid attestation of "acceptance/image" signed by the "other" key
    When "validate image" is run with
      | --image           | ${REGISTRY}/acceptance/image                                                       |
      | --policy          | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key      | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url       | ${REKOR}                                                                           |
      | --show-successes  |                                                                                    |
      | --strict=<strict> |                                                                                    |
      | --output          | json                                                                               |
    Then the exit status should be <status>
    And the output should match the snapshot
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the report has no successes
    And standard error is "<error>"
    And the registry was asked for
      | signature   | acceptance/image |
      | attestation | acceptance/image |

    Examples:
      | id | strict | status | error                             |
      | 01 | true   | 1      | Error: success criteria not met\n |
      | 02 | false  | 0      |                                   |

  @verdict-<id>
  Scenario Outline: a policy that denies, --strict=<strict>
    Given a valid image signature of "acceptance/image" image signed by the "known" key
    And a valid attestation of "acceptance/image" signed by the "known" key
    When "validate image" is run with
      | --image           | ${REGISTRY}/acceptance/image                                                      |
      | --policy          | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//refusing"]}]} |
      | --public-key      | ${known_PUBLIC_KEY}                                                               |
      | --rekor-url       | ${REKOR}                                                                          |
      | --show-successes  |                                                                                   |
      | --info            |                                                                                   |
      | --strict=<strict> |                                                                                   |
      | --output          | json                                                                              |
    Then the exit status should be <status>
    And the output should match the snapshot
    And the violations are
      | component | code         |
      | Unnamed   | main.refused |
    And standard error is "<error>"
    And the transparency log was asked for
      | signature   | acceptance/image |
      | attestation | acceptance/image |

    Examples:
      | id | strict | status | error                             |
      | 03 | true   | 1      | Error: success criteria not met\n |
      | 04 | false  | 0      |                                   |

  @verdict-05
  Scenario: neither signed nor attested
    When "validate image" is run with
      | --image        | ${REGISTRY}/acceptance/image                                                       |
      | --policy       | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key   | ${known_PUBLIC_KEY}                                                                |
      | --ignore-rekor |                                                                                    |
      | --output       | json                                                                               |
    Then the exit status should be 1
    And the output should match the snapshot
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |

  @verdict-06
  Scenario: signed and attested, but not in the transparency log
    Given an image signature of "acceptance/image" image signed by the "known" key without a log entry
    And an attestation of "acceptance/image" signed by the "known" key without a log entry
    When "validate image" is run with
      | --image      | ${REGISTRY}/acceptance/image                                                       |
      | --policy     | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url  | ${REKOR}                                                                           |
      | --output     | json                                                                               |
    Then the exit status should be 1
    And the output should match the snapshot
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log was asked for
      | signature   | acceptance/image |
      | attestation | acceptance/image |
