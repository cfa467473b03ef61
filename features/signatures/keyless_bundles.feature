Feature: Keyless bundles count when their certificate is for the right identity

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy {"sources": []} --certificate-identity builder@acceptance.test --certificate-oidc-issuer https://issuer.acceptance.test --show-successes --output json"
    And an image named "acceptance/image"
    And the roots of trust come from a TUF mirror

  @bundle-70 @bundle-70.<id>
  Scenario Outline: an image signature and <content> by a certificate pass
    Given a keyless bundle of "acceptance/image" with an image signature
    And a keyless bundle of "acceptance/image" with <content>
    When "validate image" is run
    Then the image signature of "acceptance/image" is accepted
    And the attestation of "acceptance/image" is accepted
    And the report shows 1 signatures and 1 attestations of "acceptance/image"
    And the output should match the snapshot

    Examples:
      | id | content        |
      | 01 | provenance     |
      | 02 | a test result  |

  @bundle-71 @bundle-71.<id>
  Scenario Outline: a signer <oddity> is accepted
    Given a keyless bundle of "acceptance/image" with provenance by a signer <oddity>
    When "validate image" is run
    Then the attestation of "acceptance/image" is accepted

    Examples:
      | id | oddity                                                                   |
      | 01 | whose certificate names its issuer in the first extension alone          |
      | 02 | whose certificate names its issuer in the second extension alone         |
      | 03 | whose certificate has this log's and another one's timestamp      |

  @bundle-72 @bundle-72.<id>
  Scenario Outline: a signer <oddity> is rejected
    Given a keyless bundle of "acceptance/image" with provenance by a signer <oddity>
    When "validate image" is run
    Then the image signature of "acceptance/image" is rejected because of "<reason>"
    And the attestation of "acceptance/image" is rejected because of "<reason>"

    Examples: whose identity is another
      | id | oddity                                                 | reason                                            |
      | 01 | whose certificate is for another subject               | expected SAN value "builder@acceptance.test", got "stranger@acceptance.test" |
      | 02 | whose certificate is for a longer subject              | got "not-a-builder@acceptance.test"               |
      | 03 | whose certificate is by another issuer                 | expected issuer value "https://issuer.acceptance.test", got "https://issuer.other.test" |
      | 04 | whose certificate names no issuer                      | expected issuer value "https://issuer.acceptance.test", got "" |
      | 05 | whose certificate names a host                         | no Subject Alternative Name found                 |

    Examples: whose certificate nobody vouches for
      | id | oddity                                                       | reason                                        |
      | 06 | whose certificate is by another authority                    | leaf certificate verification failed          |
      | 07 | whose certificate has no log's timestamp             | only able to verify 0 SCT entries             |
      | 08 | whose certificate has another log's timestamp        | only able to verify 0 SCT entries             |
      | 09 | whose certificate has a forged timestamp of the log            | only able to verify 0 SCT entries             |
      | 10 | whose certificate is for servers                             | leaf certificate verification failed          |
      | 11 | whose certificate has a critical extension that nobody knows | leaf certificate verification failed          |

    Examples: whose signature was made at another time
      | id | oddity                                                | reason                                       |
      | 12 | whose certificate is no longer valid when it is logged | integrated time outside certificate validity |
      | 13 | whose certificate is not valid yet when it is logged   | integrated time outside certificate validity |
      | 14 | whose log entry is in another log                      | not enough verified log entries              |
      | 15 | without a log entry                                    | not enough verified log entries              |

  @bundle-73
  Scenario: a bundle by a key is rejected where a certificate is wanted
    Given a key pair named "known"
    And a bundle of "acceptance/image" with provenance, signed by the "known" key and logged
    When "validate image" is run
    Then the attestation of "acceptance/image" is rejected because of "transparency log certificate does not match"

  @bundle-74
  Scenario: a keyless bundle is rejected where a key is wanted
    Given a key pair named "known"
    And a keyless bundle of "acceptance/image" with provenance
    When "validate image" is run with
      | --certificate-identity=    |                     |
      | --certificate-oidc-issuer= |                     |
      | --public-key               | ${known_PUBLIC_KEY} |
    Then the attestation of "acceptance/image" is rejected because of "expected key signature, not certificate"

  @bundle-76 @bundle-76.<id>
  Scenario Outline: the expression <expression> rejects, as it <result>
    Given a keyless bundle of "acceptance/image" with provenance by a signer whose certificate names a URI
    When "validate image" is run with
      | --certificate-identity=       |              |
      | --certificate-identity-regexp | <expression> |
    Then the attestation of "acceptance/image" is rejected because of "<reason>"

    Examples:
      | id | expression         | result            | reason                                                         |
      | 01 | ^https://other     | matches nothing   | expected SAN value to match regex "^https://other"             |
      | 02 | kind[              | can't be read     | error parsing regexp:                                          |
