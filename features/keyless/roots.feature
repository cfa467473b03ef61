Feature: Whom to trust comes from a TUF mirror that needn't be trusted itself

  A validator starts from a root that it got in another way. From there on each version vouches for the next. What a
  mirror can't do: invent, go back, mix, hold back for ever, or send without end. If it tries, nothing has been decided,
  and that is an error, never a success.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy {"sources": []} --certificate-identity builder@acceptance.test --certificate-oidc-issuer https://issuer.acceptance.test --show-successes --output json"
    And an image named "acceptance/image"
    And a keyless image signature of "acceptance/image"

  @trust-30 @trust-30.<id>
  Scenario Outline: a mirror <oddity> is refused
    Given the roots of trust come from a TUF mirror <oddity>
    When "validate image" is run
    Then the validation fails with the error
      """
      TUF mirror ${MIRROR}: <reason>: …
      """

    Examples:
      | id | oddity                                                            | reason                                                      |
      | 01 | whose timestamp has expired                                       | metadata has expired                                        |
      | 02 | whose snapshot has expired                                        | metadata has expired                                        |
      | 03 | whose targets have expired                                        | metadata has expired                                        |
      | 04 | whose root has expired                                            | metadata has expired                                        |
      | 05 | whose timestamp is by another key                                 | metadata is not signed by as many of its keys as it must be |
      | 06 | whose targets are by another key                                  | metadata is not signed by as many of its keys as it must be |
      | 07 | whose next root is by its own new key alone                       | metadata is not signed by as many of its keys as it must be |
      | 08 | whose targets have one key's signature twice where two are needed | metadata is not what it should be                           |
      | 09 | which mixes old metadata with new                                 | metadata is of another version than it must be              |
      | 10 | whose timestamp never ends                                        | an answer is longer than it may be                          |
      | 11 | whose next root never ends                                        | an answer is longer than it may be                          |
      | 12 | whose timestamp is no metadata                                    | metadata is not what it should be                           |
      | 13 | whose target never ends                                           | an answer is longer than it may be                          |
      | 14 | whose target is another one                                       | a file is not what other metadata says of it                |

  @trust-31
  Scenario: changes of the mirror's keys are followed from the first root on
    Given the roots of trust come from a TUF mirror whose keys have all changed
    When "validate image" is run
    Then the image signature of "acceptance/image" is accepted

  @trust-32
  Scenario: a mirror that goes back to what it had before is refused
    Given the roots of trust come from a TUF mirror
    And the mirror serves a newer version
    When "validate image" is run
    Then the image signature of "acceptance/image" is accepted
    When the mirror goes back to its first version
    And "validate image" is run
    Then the validation fails with the error
      """
      TUF mirror ${MIRROR}: metadata is of another version than it must be: …
      """

  @trust-33 @trust-33.<id>
  Scenario Outline: a mirror <oddity> is refused
    Given the roots of trust come from a TUF mirror <oddity>
    When "validate image" is run
    Then the validation fails with the error
      """
      <error>
      """

    Examples:
      | id | oddity                                | error                                                      |
      | 01 | whose trusted root is no trusted root | trusted root: unsupported TrustedRoot media type:…         |
      | 02 | without a trusted root                | TUF mirror ${MIRROR}: there is no target trusted_root.json |
      | 03 | whose trusted root has a text for a validity | trusted root: certificateAuthorities[0].validFor: not a period |
      | 04 | whose trusted root tells its logs twice | trusted root: document: a member is named twice |

  @trust-34
  Scenario: a mirror that can't be reached is an error, even where all of it is kept from before
    Given the roots of trust come from a TUF mirror
    When "validate image" is run
    Then the image signature of "acceptance/image" is accepted
    When the mirror is gone
    And "validate image" is run
    Then the validation fails with the error
      """
      TUF mirror ${MIRROR}: …
      """

  @trust-35
  Scenario: no mirror is asked without a root to start from
    Given the roots of trust come from a TUF mirror
    And the environment variable is set "TUF_ROOT_JSON="
    When "validate image" is run
    Then the validation fails with the error
      """
      there is no TUF root for ${MIRROR} to start from: name a file with it in TUF_ROOT_JSON, or run `ec-ref sigstore initialize` with --mirror and --root
      """
    And the mirror was not asked for anything

  @trust-36
  Scenario: two validations may follow one mirror at the same time
    Given the roots of trust come from a TUF mirror whose keys have all changed
    When "validate image" starts as "a"
    And "validate image" starts as "b"
    And validation "a" ends
    Then the image signature of "acceptance/image" is accepted
    When validation "b" ends
    Then the image signature of "acceptance/image" is accepted

  @trust-37
  Scenario: a trusted root may know several authorities and logs
    Given the trusted root knows two authorities and two logs of each kind
    When "validate image" is run
    Then the image signature of "acceptance/image" is accepted

  @trust-38 @trust-38.<id>
  Scenario Outline: a signature is rejected by a trusted root that <oddity>
    Given the trusted root <oddity>
    When "validate image" is run
    Then the image signature of "acceptance/image" is rejected because of "<reason>"

    Examples:
      | id | oddity                                                       | reason                                                           |
      | 01 | trusts the authority only until before the certificate       | leaf certificate verification failed                             |
      | 02 | trusts the authority only since after the certificate        | leaf certificate verification failed                             |
      | 03 | trusts the log only until before the entry                   | rekor log public key not valid at payload integrated time        |
      | 04 | trusts the log only since after the entry                    | rekor log public key not valid at payload integrated time        |
      | 05 | trusts the certificate log only until before the certificate | only able to verify 0 SCT entries; unable to meet threshold of 1 |
      | 06 | trusts the certificate log only since after the certificate  | only able to verify 0 SCT entries; unable to meet threshold of 1 |
      | 07 | knows no authority                                           | leaf certificate verification failed                             |
      | 08 | knows no log                                                 | rekor log public key not found for payload                       |

  @trust-39 @trust-39.<id>
  Scenario Outline: a file with <content> in <variable> is an error
    Given the roots of trust are in files
    And the file in "<variable>" has <content>
    When "validate image" is run
    Then the validation fails with the error
      """
      <error>
      """

    Examples:
      | id | variable                        | content              | error                               |
      | 01 | SIGSTORE_ROOT_FILE              | no PEM               | error unmarshalling certificates: … |
      | 02 | SIGSTORE_ROOT_FILE              | a key                | error unmarshalling certificates: … |
      | 03 | SIGSTORE_ROOT_FILE              | a broken certificate | error unmarshalling certificates: … |
      | 04 | SIGSTORE_CT_LOG_PUBLIC_KEY_FILE | no PEM               | AddCTLogPubKey: PEM decoding failed… |

  @trust-40
  Scenario: a trusted root is taken from the file that EC_TRUSTED_ROOT names
    Given one file has the whole trusted root
    When "validate image" is run
    Then the image signature of "acceptance/image" is accepted

  @trust-41
  Scenario: later validations ask the mirror that was initialized
    Given the roots of trust come from a TUF mirror
    And the environment variable is set "TUF_MIRROR="
    And the environment variable is set "TUF_ROOT_JSON="
    When ec command is run with "sigstore initialize --mirror ${MIRROR} --root ${TUF_ROOT_JSON}"
    Then the exit status should be 0
    And the mirror was asked for "timestamp.json"
    When "validate image" is run
    Then the image signature of "acceptance/image" is accepted

  @trust-42
  Scenario: a mirror that can't be trusted isn't initialized
    Given the roots of trust come from a TUF mirror whose targets are by another key
    And the environment variable is set "TUF_MIRROR="
    And the environment variable is set "TUF_ROOT_JSON="
    When ec command is run with "sigstore initialize --mirror ${MIRROR} --root ${TUF_ROOT_JSON}"
    Then the validation fails with the error
      """
      TUF mirror ${MIRROR}: metadata is not signed by as many of its keys as it must be: …
      """

  @trust-43
  Scenario: nothing is initialized without a root to start from
    Given the roots of trust come from a TUF mirror
    When ec command is run with "sigstore initialize --mirror ${MIRROR}"
    Then the validation fails with the error
      """
      --root must name the TUF root to start from: a file or an https URL
      """
    And the mirror was not asked for anything
