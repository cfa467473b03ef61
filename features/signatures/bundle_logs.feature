Feature: Bundles by a key are in a transparency log, by a signed entry timestamp or by a proof

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --show-successes --output json"
    And a key pair named "known"
    And a key pair named "other"
    And an image named "acceptance/image"
    And the policy configuration "publicKey: unused"
    And the roots of trust come from a TUF mirror

  @bundle-60 @bundle-60.<id>
  Scenario Outline: <content> with an entry in the log passes
    Given a bundle of "acceptance/image" with <content>, signed by the "known" key and logged
    When "validate image" is run
    Then the exit status should be 0
    And the image signature of "acceptance/image" is accepted
    And the attestation of "acceptance/image" is accepted
    And the output should match the snapshot

    Examples:
      | id | content        |
      | 01 | provenance     |
      | 02 | provenance 1.0 |
      | 03 | a test result  |

  @bundle-61
  Scenario: the log's proof is enough without a signed entry timestamp
    Given a bundle of "acceptance/image" with provenance, signed by the "known" key and logged, whose log entry has no timestamp
    When "validate image" is run
    Then the exit status should be 0
    And the attestation of "acceptance/image" is accepted
    And the output should match the snapshot

  @bundle-62
  Scenario: a bundle without an entry in the log is rejected
    Given a bundle of "acceptance/image" with provenance, signed by the "known" key
    When "validate image" is run
    Then the attestation of "acceptance/image" is rejected because of "not enough verified log entries from transparency log: 0 < 1"
    And the output should match the snapshot

  @bundle-63 @bundle-63.<id>
  Scenario Outline: a bundle <variation>
    Given a bundle of "acceptance/image" with provenance, signed by the "known" key and logged, <variation>
    When "validate image" is run
    Then the image signature of "acceptance/image" is rejected because of "failed to verify log inclusion: <reason>"
    And the attestation of "acceptance/image" is rejected because of "failed to verify log inclusion: <reason>"

    Examples:
      | id | variation                                               | reason                                           |
      | 01 | whose log entry is another bundle's                     | transparency log signature does not match        |
      | 02 | whose log entry names another key                       | transparency log certificate does not match      |
      | 03 | with its log entry twice                                | duplicate tlog entries found                     |
      | 04 | with 33 log entries                                     | too many tlog entries: 33 > 32                   |
      | 05 | whose log entry has the timestamp of another time           | not enough verified log entries                  |
      | 06 | whose log entry has a checkpoint that somebody changed  | signature on checkpoint did not verify           |
      | 07 | whose log entry is proved for another tree              | calculated root:                                 |
      | 08 | with an empty payload                                   | validation error: invalid attestation: missing   |

  @bundle-64 @bundle-64.<id>
  Scenario Outline: a bundle <variation> doesn't count
    Given each image is signed and attested by the "known" key
    And a bundle of "acceptance/image" with provenance, signed by the "other" key and logged, <variation>
    When "validate image" is run with
      | --rekor-url | ${REKOR} |
    Then the exit status should be 0
    And the image signature of "acceptance/image" is accepted
    And the attestation of "acceptance/image" is accepted

    Examples:
      | id | variation                                       |
      | 01 | whose log entry has no inclusion proof          |
      | 02 | whose log entry has neither body nor timestamp    |

  @bundle-65 @bundle-65.<id>
  Scenario Outline: <content> in a log of Rekor's second version passes
    Given a bundle of "acceptance/image" with <content>, signed by the "known" key and logged in a log of the second version
    When "validate image" is run
    Then the exit status should be 0
    And the image signature of "acceptance/image" is accepted
    And the attestation of "acceptance/image" is accepted
    And the output should match the snapshot

    Examples:
      | id | content       |
      | 01 | provenance    |
      | 02 | a test result |

  @bundle-66 @bundle-66.<id>
  Scenario Outline: a bundle <variation> is rejected, in a log of Rekor's second version
    Given a bundle of "acceptance/image" with a test result, signed by the "other" key and logged in a log of the second version
    And a bundle of "acceptance/image" with provenance, signed by the "known" key and logged in a log of the second version, <variation>
    When "validate image" is run
    Then the attestation of "acceptance/image" is rejected because of "failed to verify log inclusion: <reason>"

    Examples:
      | id | variation                                              | reason                                                         |
      | 01 | whose log entry is another bundle's                    | transparency log signature does not match                      |
      | 02 | whose log entry has a checkpoint that somebody changed | verifying log entry: unverified checkpoint signature:          |
      | 03 | whose log entry has a checkpoint under another name    | verifying log entry: unverified checkpoint signature:          |
      | 04 | whose log entry is of another place in the tree        | verifying log entry: verifying inclusion: index is beyond size |

  @bundle-67
  Scenario: a message signature in a log of Rekor's second version is no image signature
    Given a bundle of "acceptance/image" with a message signature, signed by the "known" key and logged in a log of the second version
    When "validate image" is run
    Then the image signature of "acceptance/image" is rejected because of "no matching attestations: bundle does not contain a DSSE envelope"
    And the output should match the snapshot
