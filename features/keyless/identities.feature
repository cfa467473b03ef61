Feature: Keyless signatures count when their certificate is for the right identity

  A signer without a key of their own gets a certificate for some minutes. It says who they are, and who vouched for
  that. What was signed is judged by the time at which it was logged: by now, all of these certificates have expired.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy {"sources": []} --certificate-identity builder@acceptance.test --certificate-oidc-issuer https://issuer.acceptance.test --show-successes --output json"
    And an image named "acceptance/image"

  @keyless-01
  Scenario: an image and its attestation pass, with roots of trust in files
    Given the roots of trust are in files
    And a git repository named "policies" with
      | accepting/main.rego | happy_day.rego |
    And a keyless image signature of "acceptance/image"
    And a keyless attestation of "acceptance/image"
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
    Then the exit status should be 0
    And the output should match the snapshot
    And the registry was asked for
      | signature   | acceptance/image |
      | attestation | acceptance/image |

  @keyless-02
  Scenario: an image and its attestation pass, with roots of trust by TUF
    Given the roots of trust come from a TUF mirror
    And a git repository named "policies" with
      | accepting/main.rego | happy_day.rego |
    And a keyless image signature of "acceptance/image"
    And a keyless attestation of "acceptance/image"
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
    Then the exit status should be 0
    And the output should match the snapshot

  @keyless-03 @keyless-03.<id>
  Scenario Outline: <flag> <value> accepts a certificate that is for it
    Given the roots of trust are in files
    And a keyless image signature of "acceptance/image" <oddity>
    When "validate image" is run with
      | <flag> | <value> |
    Then the image signature of "acceptance/image" is accepted

    Examples:
      | id | oddity                                             | flag                             | value                                 |
      | 01 | whose certificate names a URI                      | --certificate-identity           | https://ci.acceptance.test/build      |
      | 02 | whose certificate names a host                     | --certificate-identity           | ci.acceptance.test                    |
      | 03 | whose certificate names a user in Fulcio's own way | --certificate-identity           | builder                               |
      | 04 | whose certificate names a URI                      | --certificate-identity-regexp    | ^https://ci\.acceptance\.test/        |
      | 05 | whose certificate is for another subject           | --certificate-identity-regexp    | @acceptance\.test$                    |
      | 06 | whose certificate is by another issuer             | --certificate-oidc-issuer-regexp | ^https://issuer\.(other\|more)\.test$ |

  @keyless-04 @keyless-04.<id>
  Scenario Outline: a signature <oddity> is rejected: it is somebody else's
    Given the roots of trust are in files
    And a keyless image signature of "acceptance/image" <oddity>
    When "validate image" is run
    Then the image signature of "acceptance/image" is rejected because of "none of the expected identities matched what was in the certificate, got subjects <got>"

    Examples:
      | id | oddity                                    | got                                                                        |
      | 01 | whose certificate is for another subject  | [stranger@acceptance.test] with issuer https://issuer.acceptance.test      |
      | 02 | whose certificate is for a longer subject | [not-a-builder@acceptance.test] with issuer https://issuer.acceptance.test |
      | 03 | whose certificate is by another issuer    | [builder@acceptance.test] with issuer https://issuer.other.test            |
      | 04 | whose certificate names no issuer         | [builder@acceptance.test] with issuer                                      |
      | 05 | whose certificate names nobody            | [] with issuer https://issuer.acceptance.test                              |

  @keyless-05 @keyless-05.<id>
  Scenario Outline: <flag> <value> rejects a certificate for somebody else
    Given the roots of trust are in files
    And a keyless image signature of "acceptance/image"
    When "validate image" is run with
      | <flag> | <value> |
    Then the image signature of "acceptance/image" is rejected because of "none of the expected identities matched what was in the certificate, got subjects [builder@acceptance.test] with issuer https://issuer.acceptance.test"

    Examples: the whole name must be the subject
      | id | flag                      | value                           |
      | 01 | --certificate-identity    | builder                         |
      | 02 | --certificate-identity    | BUILDER@acceptance.test         |
      | 03 | --certificate-oidc-issuer | https://issuer.acceptance       |
      | 04 | --certificate-oidc-issuer | https://issuer.acceptance.test/ |

    Examples: an expression goes before the exact name, and decides alone
      | id | flag                             | value     |
      | 05 | --certificate-identity-regexp    | ^builder$ |
      | 06 | --certificate-identity-regexp    | Builder   |
      | 07 | --certificate-oidc-issuer-regexp | ^issuer   |

  @keyless-06
  Scenario: an expression without anchors matches anywhere, as that of the real command does
    Given the roots of trust are in files
    And a keyless image signature of "acceptance/image" whose certificate is for a longer subject
    When "validate image" is run with
      | --certificate-identity-regexp | builder@acceptance |
    Then the image signature of "acceptance/image" is accepted

  @keyless-07 @keyless-07.<id>
  Scenario Outline: an expression for the <side> that can't be read rejects, and is named
    Given the roots of trust are in files
    And a keyless image signature of "acceptance/image"
    When "validate image" is run with
      | <flag> | kind[ |
    Then the image signature of "acceptance/image" is rejected because of "malformed <side> in identity: kind[ : error parsing regexp: "

    Examples:
      | id | side    | flag                             |
      | 01 | subject | --certificate-identity-regexp    |
      | 02 | issuer  | --certificate-oidc-issuer-regexp |

  @keyless-08
  Scenario: the policy's identity counts where no flag names one
    Given the roots of trust are in files
    And the usual flags "--json-input ${IMAGES} --show-successes --output json"
    And a keyless image signature of "acceptance/image"
    When "validate image" is run with
      | --policy | {"sources": [], "identity": {"subject": "builder@acceptance.test", "issuerRegExp": "issuer\\.acceptance"}} |
    Then the image signature of "acceptance/image" is accepted

  @keyless-09
  Scenario: flags take the place of the policy's identity as a whole
    Given the roots of trust are in files
    And a keyless image signature of "acceptance/image"
    When "validate image" is run with
      | --policy               | {"sources": [], "identity": {"subject": "builder@acceptance.test", "issuer": "https://issuer.acceptance.test"}} |
      | --certificate-identity | stranger@acceptance.test                                                                                        |
    Then the image signature of "acceptance/image" is rejected because of "none of the expected identities matched"

  @keyless-10
  Scenario: flags take the place of the policy's key
    Given the roots of trust are in files
    And a key pair named "known"
    And a keyless image signature of "acceptance/image"
    When "validate image" is run with
      | --policy | {"sources": [], "publicKey": "${known_PUBLIC_KEY}"} |
    Then the image signature of "acceptance/image" is accepted

  @keyless-11 @keyless-11.<id>
  Scenario Outline: an identity without <missing> is an error
    Given the usual flags "--json-input ${IMAGES} --policy {"sources": []}"
    When "validate image" is run with
      | <flag> | somebody |
    Then the validation fails with the error
      """
      <missing> must be provided for keyless workflow
      """

    Examples:
      | id | flag                      | missing                 |
      | 01 | --certificate-identity    | certificate OIDC issuer |
      | 02 | --certificate-oidc-issuer | certificate identity    |

  @keyless-12 @keyless-12.<id>
  Scenario Outline: an attestation <oddity> is rejected, as an image signature is
    Given the roots of trust are in files
    And a keyless image signature of "acceptance/image"
    And a keyless attestation of "acceptance/image" <oddity>
    When "validate image" is run
    Then the attestation of "acceptance/image" is rejected because of "<reason>"

    Examples:
      | id | oddity                                                 | reason                                                    |
      | 01 | whose certificate is for another subject               | got subjects [stranger@acceptance.test]                   |
      | 02 | whose certificate is by another authority              | cert verification failed: x509:                           |
      | 03 | whose certificate has no log's timestamp       | certificate does not include required embedded SCT        |
      | 04 | whose certificate is no longer valid when it is logged | certificate expired before signatures were entered in log |
      | 05 | without a certificate                                  | error verifying bundle: empty key                         |
      | 06 | without a log entry                                    | rekor client not provided for online verification         |

  @keyless-13
  Scenario: one good signature beside a stranger's is enough, and only that one is reported
    Given the roots of trust are in files
    And a keyless image signature of "acceptance/image" whose certificate is for another subject
    And a keyless image signature of "acceptance/image"
    And a keyless attestation of "acceptance/image"
    When "validate image" is run
    Then the image signature of "acceptance/image" is accepted
    And the report shows 1 signature of "acceptance/image", by "Email Addresses:builder@acceptance.test"
