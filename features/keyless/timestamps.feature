Feature: A timestamp tells when a signature was made, where no log does

  A certificate is good for some minutes, and proves something later only if somebody trusted saw the signature in these
  minutes: a log that tells times, or a timestamp authority (RFC 3161). The log's time goes before all others. Logs of
  Rekor's second version tell none, and with --ignore-rekor none is asked.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy {"sources": []} --certificate-identity builder@acceptance.test --certificate-oidc-issuer https://issuer.acceptance.test --show-successes --output json"
    And an image named "acceptance/image"

  @timestamp-01 @timestamp-01.<id>
  Scenario Outline: an attestation <oddity> is accepted where the log has no times
    Given the trusted root, which knows two timestamp authorities
    And a keyless bundle of "acceptance/image", logged without a time, <oddity>
    When "validate image" is run
    Then the attestation of "acceptance/image" is accepted
    And the report shows 0 signatures and 1 attestations of "acceptance/image"

    Examples:
      | id | oddity                                              |
      | 01 | with a timestamp                                    |
      | 02 | with a timestamp that doesn't bring its certificate |
      | 03 | with a timestamp of another signature, and its own  |

  @timestamp-02
  Scenario: a timestamp is accepted by an authority whose certifier is in the trusted root
    Given the trusted root, which names its timestamp authority by the root alone
    And a keyless bundle of "acceptance/image", logged without a time, with a timestamp by a newly certified authority
    When "validate image" is run
    Then the attestation of "acceptance/image" is accepted

  @timestamp-03 @timestamp-03.<id>
  Scenario Outline: an attestation <oddity> is rejected
    Given the trusted root, which knows two timestamp authorities
    And a keyless bundle of "acceptance/image", logged without a time, <oddity>
    When "validate image" is run
    Then the attestation of "acceptance/image" is rejected because of "<reason>"

    Examples: of other bytes, or by another authority
      | id | oddity                                          | reason                                                                        |
      | 01 | with no timestamp                               | threshold not met for verified log entry integrated timestamps: 0 < 1         |
      | 02 | with a timestamp of another signature           | unable to verify signed timestamps: hashed messages don't match               |
      | 03 | with a timestamp that somebody else signed      | unable to verify signed timestamps: the timestamp's signature does not verify |
      | 04 | with a timestamp whose time was changed         | unable to verify signed timestamps: the timestamp's signature does not verify |
      | 05 | with a timestamp by a newly certified authority | certificate embedded in the TSR does not match                                |

    Examples: at the wrong time
      | id | oddity                                               | reason                                                                  |
      | 06 | with a timestamp after its certificate has expired   | failed to verify leaf certificate: leaf certificate verification failed |
      | 07 | with a timestamp before its certificate was valid    | failed to verify leaf certificate: leaf certificate verification failed |
      | 08 | with timestamps of two authorities, one of them late | failed to verify leaf certificate: leaf certificate verification failed |

    Examples: no timestamp, or too many
      | id | oddity                                    | reason                                                                    |
      | 09 | with an empty timestamp                   | unable to verify signed timestamps: error parsing response into Timestamp |
      | 10 | with a timestamp that is none             | unable to verify signed timestamps: error parsing response into Timestamp |
      | 11 | with a timestamp that breaks off          | unable to verify signed timestamps: error parsing response into Timestamp |
      | 12 | with a timestamp that is followed by more | unable to verify signed timestamps: error parsing response into Timestamp |
      | 13 | with an authority's refusal               | unable to verify signed timestamps: timestamp response is not valid       |
      | 14 | with 33 timestamps                        | failed to verify timestamps: too many signed timestamps: 33 > 32          |
      | 15 | with a timestamp of 65 KiB                | bytes, which is more than 65536                                           |

  @timestamp-04 @timestamp-04.<id>
  Scenario Outline: an attestation <oddity> is rejected where the authority's root is trusted
    Given the trusted root, which names its timestamp authority by the root alone
    And a keyless bundle of "acceptance/image", logged without a time, <oddity>
    When "validate image" is run
    Then the attestation of "acceptance/image" is rejected because of "failed to verify timestamps: unable to verify signed timestamps: <reason>"

    Examples:
      | id | oddity                                                       | reason                                                 |
      | 01 | with a timestamp by another authority of the same name       | error while verifying with chain:                      |
      | 02 | with a timestamp whose authority had expired                 | the authority's certificate was not valid at that time |
      | 03 | with a timestamp whose authority was not valid yet           | the authority's certificate was not valid at that time |
      | 04 | with a timestamp whose authority signs code                  | certificate is not for timestamps alone                |
      | 05 | with a timestamp whose authority signs code, too             | certificate is not for timestamps alone                |
      | 06 | with a timestamp whose authority may do more than it must    | certificate must set EKU to critical                   |
      | 07 | with a timestamp whose authority stands below an unknown one | error while verifying with chain:                      |

  @timestamp-05 @timestamp-05.<id>
  Scenario Outline: an attestation is rejected by a trusted root that <oddity>
    Given the trusted root, which <oddity>
    And a keyless bundle of "acceptance/image", logged without a time, with a timestamp
    When "validate image" is run
    Then the attestation of "acceptance/image" is rejected because of "<reason>"

    Examples:
      | id | oddity                                                         | reason                                                                |
      | 01 | knows no timestamp authority                                   | threshold not met for verified log entry integrated timestamps: 0 < 1 |
      | 02 | trusts the timestamp authority only until before the signature | verifying with chain: the authority is not trusted at that time       |
      | 03 | trusts the timestamp authority only since after the signature  | verifying with chain: the authority is not trusted at that time       |

  @timestamp-07
  Scenario: an authority that was certified by one for signing code can't stamp
    Given the trusted root, which has a timestamp authority below one for signing code
    And a keyless bundle of "acceptance/image", logged without a time, with a timestamp whose authority stands below one for signing code
    When "validate image" is run
    Then the attestation of "acceptance/image" is rejected because of "unable to verify signed timestamps: error while verifying with chain: a certificate is not for timestamps"

  @timestamp-06 @timestamp-06.<id>
  Scenario Outline: the log's time suffices for an attestation <oddity>
    Given the trusted root, which knows two timestamp authorities
    And a keyless bundle of "acceptance/image", logged in time, <oddity>
    When "validate image" is run
    Then the attestation of "acceptance/image" is accepted

    Examples:
      | id | oddity                                             |
      | 01 | with a timestamp                                   |
      | 02 | with a timestamp after its certificate has expired |
      | 03 | with a timestamp of another signature              |
      | 04 | with a timestamp that is none                      |

  @timestamp-10 @timestamp-10.<id>
  Scenario Outline: an <what> <oddity> is accepted where no log is asked
    Given the roots of trust are in files
    And the timestamp authority is in a file
    And a keyless <what> of "acceptance/image", not logged, <oddity>
    When "validate image" is run with
      | --ignore-rekor |  |
    Then the <what> of "acceptance/image" is accepted

    Examples:
      | id | what            | oddity           |
      | 01 | image signature | with a timestamp |
      | 02 | attestation     | with a timestamp |

  @timestamp-11 @timestamp-11.<id>
  Scenario Outline: an <what> <oddity> is rejected where no log is asked
    Given the roots of trust are in files
    And the timestamp authority is in a file
    And a keyless <what> of "acceptance/image", not logged, <oddity>
    When "validate image" is run with
      | --ignore-rekor |  |
    Then the <what> of "acceptance/image" is rejected because of "<reason>"

    Examples:
      | id | what            | oddity                                                 | reason                                                          |
      | 01 | image signature | with no timestamp                                      | expected a signed timestamp to verify an expired certificate    |
      | 02 | attestation     | with no timestamp                                      | expected a signed timestamp to verify an expired certificate    |
      | 03 | image signature | with a timestamp of another signature                  | unable to verify signed timestamps: hashed messages don't match |
      | 04 | attestation     | with a timestamp of another signature                  | unable to verify signed timestamps: hashed messages don't match |
      | 05 | image signature | with a timestamp by another authority of the same name | certificate embedded in the TSR does not match                  |
      | 06 | image signature | with a timestamp after its certificate has expired     | with timestamp: certificate expired before signatures           |
      | 07 | image signature | with a timestamp before its certificate was valid      | with timestamp: certificate was issued after signatures         |

  @timestamp-12
  Scenario: a timestamp is rejected where nobody is trusted to stamp
    Given the roots of trust are in files
    And a keyless image signature of "acceptance/image", not logged, with a timestamp
    When "validate image" is run with
      | --ignore-rekor |  |
    Then the image signature of "acceptance/image" is rejected because of "expected a signed timestamp to verify an expired certificate"

  @timestamp-13
  Scenario: a timestamp is accepted by an authority that the trusted root knows
    Given the roots of trust come from a TUF mirror
    And a keyless image signature of "acceptance/image", not logged, with a timestamp
    When "validate image" is run with
      | --ignore-rekor |  |
    Then the image signature of "acceptance/image" is accepted

  @timestamp-14
  Scenario: a timestamp doesn't stand for the log entry that is demanded
    Given the roots of trust come from a TUF mirror
    And a keyless image signature of "acceptance/image", not logged, with a timestamp
    When "validate image" is run
    Then the image signature of "acceptance/image" is rejected because of "rekor client not provided for online verification"

  @timestamp-15
  Scenario: a bundle's timestamp doesn't stand for the log entry that is demanded
    Given the roots of trust come from a TUF mirror
    And a keyless bundle of "acceptance/image", not logged, with a timestamp
    When "validate image" is run
    Then the attestation of "acceptance/image" is rejected because of "not enough verified log entries from transparency log: 0 < 1"

  @timestamp-16 @timestamp-16.01
  Scenario: a bundle with a timestamp is accepted where no log is asked
    Given the trusted root, which knows two timestamp authorities
    And a keyless bundle of "acceptance/image", not logged, with a timestamp
    When "validate image" is run with
      | --ignore-rekor |  |
    Then the attestation of "acceptance/image" is accepted

  @timestamp-16 @timestamp-16.<id>
  Scenario Outline: a bundle <oddity> is rejected where no log is asked
    Given the trusted root, which knows two timestamp authorities
    And a keyless bundle of "acceptance/image", not logged, <oddity>
    When "validate image" is run with
      | --ignore-rekor |  |
    Then the attestation of "acceptance/image" is rejected because of "<reason>"

    Examples:
      | id | oddity                                             | reason                                                                  |
      | 02 | with no timestamp                                  | failed to verify leaf certificate: leaf certificate verification failed |
      | 03 | with a timestamp of another signature              | unable to verify signed timestamps: hashed messages don't match         |
      | 04 | with a timestamp after its certificate has expired | failed to verify leaf certificate: leaf certificate verification failed |

  @timestamp-17 @timestamp-17.<id>
  Scenario Outline: a file for the timestamp authority that has <content> is an error
    Given the roots of trust are in files
    And the file in "SIGSTORE_TSA_CERTIFICATE_FILE" has <content>
    When "validate image" is run
    Then the validation fails with the error
      """
      <error>
      """

    Examples:
      | id | content                | error                                                            |
      | 01 | no PEM                 | error unmarshalling certificates: …                              |
      | 02 | a broken certificate   | error unmarshalling certificates: …                              |
      | 03 | a signer's certificate | TSA certificate chain must contain at least one root certificate… |
