Feature: A certificate counts when trusted authorities and logs stand behind it

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy {"sources": []} --certificate-identity builder@acceptance.test --certificate-oidc-issuer https://issuer.acceptance.test --show-successes --output json"
    And an image named "acceptance/image"

  @keyless-20 @keyless-20.<id>
  Scenario Outline: a signature <oddity> is rejected: no path leads to the root
    Given the root of trust is in a file, without its intermediates
    And a keyless image signature of "acceptance/image" <oddity>
    When "validate image" is run
    Then the image signature of "acceptance/image" is rejected because of "cert verification failed: x509: "

    Examples:
      | id | oddity                                                       |
      | 01 | whose certificate is by another authority                    |
      | 02 | without a chain                                              |
      | 03 | whose authority may certify no keys                          |
      | 04 | whose authority has a key that is not for certificates       |
      | 05 | whose authority is the holder of another certificate         |
      | 06 | whose authority stands below one that allows none            |
      | 07 | whose authority is for other names                           |
      | 08 | whose authority is not for such names                        |
      | 09 | whose authority had expired                                  |
      | 10 | whose authority was not valid yet                            |
      | 11 | whose authority certifies servers                            |
      | 12 | whose certificate is for servers                             |
      | 13 | whose certificate has a critical extension that nobody knows |

  @keyless-21
  Scenario: an authority for such names that came with the signature is accepted
    Given the root of trust is in a file, without its intermediates
    And a keyless image signature of "acceptance/image" whose authority is for such names
    When "validate image" is run
    Then the image signature of "acceptance/image" is accepted

  @keyless-22 @keyless-22.01
  Scenario: authorities that came with the signature are ignored where the intermediates are known, from files
    Given the roots of trust are in files
    And a keyless image signature of "acceptance/image" whose authority is for such names
    When "validate image" is run
    Then the image signature of "acceptance/image" is rejected because of "cert verification failed: x509:"

  @keyless-22 @keyless-22.02
  Scenario: authorities that came with the signature are ignored where the intermediates are known, by TUF
    Given the roots of trust come from a TUF mirror
    And a keyless image signature of "acceptance/image" whose authority is for such names
    When "validate image" is run
    Then the image signature of "acceptance/image" is rejected because of "leaf certificate verification failed"

  @keyless-23 @keyless-23.<id>
  Scenario Outline: a signature <oddity> is rejected, with roots of trust in files
    Given the roots of trust are in files
    And a keyless image signature of "acceptance/image" <oddity>
    When "validate image" is run
    Then the image signature of "acceptance/image" is rejected because of "<reason>"

    Examples:
      | id | oddity | reason |
      | 01 | whose certificate has no log's timestamp | certificate does not include required embedded SCT and no detached SCT was set |
      | 02 | whose certificate has another log's timestamp | ctfe public key not found for payload. Check your TUF root |
      | 03 | whose certificate has a forged timestamp of the log | error verifying embedded SCT: failed to verify ECDSA signature |
      | 04 | whose certificate has this log's and another one's timestamp | ctfe public key not found for payload. Check your TUF root |

  @keyless-24 @keyless-24.<id>
  Scenario Outline: a signature <oddity> is rejected, with roots of trust by TUF
    Given the roots of trust come from a TUF mirror
    And a keyless image signature of "acceptance/image" <oddity>
    When "validate image" is run
    Then the image signature of "acceptance/image" is rejected because of "<reason>"

    Examples:
      | id | oddity                                                | reason                                                                         |
      | 01 | whose certificate has no log's timestamp      | certificate does not include required embedded SCT and no detached SCT was set |
      | 02 | whose certificate has another log's timestamp | only able to verify 0 SCT entries; unable to meet threshold of 1               |
      | 03 | whose certificate has a forged timestamp of the log     | only able to verify 0 SCT entries; unable to meet threshold of 1               |
      | 04 | whose certificate is by another authority             | leaf certificate verification failed                                           |

  @keyless-25
  Scenario: one timestamp of a log that a trusted root knows suffices
    Given the roots of trust come from a TUF mirror
    And a keyless image signature of "acceptance/image" whose certificate has this log's and another one's timestamp
    When "validate image" is run
    Then the image signature of "acceptance/image" is accepted

  @keyless-26 @keyless-26.<id>
  Scenario Outline: a signature <oddity> is rejected
    Given the roots of trust are in files
    And a keyless image signature of "acceptance/image" <oddity>
    When "validate image" is run
    Then the image signature of "acceptance/image" is rejected because of "checking expiry on certificate with bundle: certificate <state> signatures were entered in log: 2024-05-01T12:10:00Z is <order>"

    Examples:
      | id | oddity                                                 | state            | order                       |
      | 01 | whose certificate is no longer valid when it is logged | expired before   | before 2024-05-01T13:00:00Z |
      | 02 | whose certificate is not valid yet when it is logged   | was issued after | after 2024-05-01T11:00:00Z  |

  @keyless-27 @keyless-27.<id>
  Scenario Outline: a signature <oddity> proves nothing, and is rejected
    Given the roots of trust are in files
    And a keyless image signature of "acceptance/image" <oddity>
    When "validate image" is run
    Then the image signature of "acceptance/image" is rejected because of "<reason>"

    Examples:
      | id | oddity                                 | reason                                                                               |
      | 01 | without a certificate                  | error verifying bundle: empty key                                                    |
      | 02 | without a log entry                    | rekor client not provided for online verification                                    |
      | 03 | with another signer's certificate      | error verifying bundle: comparing public key PEMs, expected                          |
      | 04 | whose log entry is in another log      | error verifying bundle: verifying bundle: rekor log public key not found for payload |
      | 05 | whose log entry is another signature's | error verifying bundle: signature in bundle does not match signature being verified  |
      | 06 | which is of another image              | invalid or missing digest in claim: sha256:                                          |

  @keyless-28
  Scenario: a certificate that has expired is rejected where no log is asked
    Given the roots of trust are in files
    And a keyless image signature of "acceptance/image"
    When "validate image" is run with
      | --ignore-rekor |  |
    Then the image signature of "acceptance/image" is rejected because of "expected a signed timestamp to verify an expired certificate"

  @keyless-29
  Scenario: a certificate that is still valid is accepted where no log is asked
    Given the roots of trust are in files
    And a keyless image signature of "acceptance/image" whose certificate is still valid, without a log entry
    When "validate image" is run with
      | --ignore-rekor |  |
    Then the image signature of "acceptance/image" is accepted

  @keyless-30
  Scenario: a good certificate beside a signature by another key is rejected
    Given the roots of trust are in files
    And a keyless image signature of "acceptance/image" by another key than the certificate's
    When "validate image" is run with
      | --ignore-rekor |  |
    Then the image signature of "acceptance/image" is rejected because of "invalid signature when validating ASN.1 encoded signature"

  @keyless-31
  Scenario: the log is searched where nothing beside the signature tells of its entry
    Given the roots of trust are in files
    And a keyless image signature of "acceptance/image" which the log knows, though the image has no log entry
    When "validate image" is run with
      | --rekor-url | ${REKOR} |
    Then the image signature of "acceptance/image" is accepted
    And the transparency log was asked once

  @keyless-32 @keyless-32.<id>
  Scenario Outline: a signature <oddity> is rejected: it isn't clear who vouches
    Given the roots of trust are in files
    And a keyless image signature of "acceptance/image" <oddity>
    When "validate image" is run
    Then the image signature of "acceptance/image" is rejected because of "the certificate names two issuers: "

    Examples:
      | id | oddity                                                         |
      | 01 | whose certificate names another issuer in the first extension  |
      | 02 | whose certificate names another issuer in the second extension |

  @keyless-33 @keyless-33.<id>
  Scenario Outline: a signature <oddity> is accepted
    Given the roots of trust are in files
    And a keyless image signature of "acceptance/image" <oddity>
    When "validate image" is run
    Then the image signature of "acceptance/image" is accepted

    Examples:
      | id | oddity                                                           |
      | 01 | whose certificate names its issuer in the first extension alone  |
      | 02 | whose certificate names its issuer in the second extension alone |
