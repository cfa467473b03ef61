Feature: TUF repositories of other forms: a folder, and roots of trust as targets of their own

  Before there were documents with the whole trusted root, repositories had certificates and keys as targets of their
  own. A mirror may be a folder, for machines without a network. And a threshold is one of keys: whoever has one of them
  can't reach it alone, by whatever ids the root lists it.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy {"sources": []} --certificate-identity builder@acceptance.test --certificate-oidc-issuer https://issuer.acceptance.test --show-successes --output json"
    And an image named "acceptance/image"
    And a keyless image signature of "acceptance/image"

  @trust-44 @trust-44.<id>
  Scenario Outline: a mirror <oddity> is refused
    Given the roots of trust come from a TUF mirror <oddity>
    When "validate image" is run
    Then the validation fails with the error
      """
      TUF mirror ${MIRROR}: metadata is not signed by as many of its keys as it must be: …
      """

    Examples:
      | id | oddity                                                                  |
      | 01 | whose targets are signed by one key under two ids where two are needed  |
      | 02 | whose timestamp is signed by one key under two ids where two are needed |
      | 03 | whose next root is signed by one key under two ids where two are needed |

  @trust-45
  Scenario: a mirror that two keys have signed is trusted, though one is listed under two ids
    Given the roots of trust come from a TUF mirror whose roles have two keys each, one of them under two ids
    When "validate image" is run
    Then the image signature of "acceptance/image" is accepted

  @trust-46 @trust-46.<id>
  Scenario Outline: roots of trust as targets of their own are found, <oddity>
    Given the roots of trust are targets of their own at a TUF mirror, <oddity>
    And no variable names the mirror
    When ec command is run with "sigstore initialize --mirror ${MIRROR} --root ${TUF_ROOT_JSON}"
    Then the exit status should be 0
    And the mirror was asked for "timestamp.json"
    When "validate image" is run
    Then the image signature of "acceptance/image" is accepted

    Examples:
      | id | oddity                              |
      | 01 | by their usual names                |
      | 02 | by what their metadata says of them |

  @trust-47 @trust-47.<id>
  Scenario Outline: a signature is rejected by roots of trust as targets of their own <oddity>
    Given the roots of trust are targets of their own at a TUF mirror, <oddity>
    And no variable names the mirror
    When ec command is run with "sigstore initialize --mirror ${MIRROR} --root ${TUF_ROOT_JSON}"
    Then the exit status should be 0
    When "validate image" is run
    Then the image signature of "acceptance/image" is rejected because of "<reason>"

    Examples:
      | id | oddity                           | reason                                      |
      | 01 | with another authority           | cert verification failed: x509:             |
      | 02 | with another log of certificates | ctfe public key not found for payload       |
      | 03 | with another log of signatures   | rekor log public key not found for payload  |
      | 04 | without intermediates            | cert verification failed: x509:             |

  @trust-48 @trust-48.<id>
  Scenario Outline: roots of trust as targets of their own can't be used <oddity>
    Given the roots of trust are targets of their own at a TUF mirror, <oddity>
    And no variable names the mirror
    When ec command is run with "sigstore initialize --mirror ${MIRROR} --root ${TUF_ROOT_JSON}"
    Then the exit status should be 0
    When "validate image" is run
    Then the exit status should be 1
    And standard error has "Error: <error>"

    Examples:
      | id | oddity                                     | error                                                                  |
      | 01 | without a log of certificates              | no matching targets by custom metadata, fallbacks not found: ctfe.pub  |
      | 02 | without a log of signatures                | no matching targets by custom metadata, fallbacks not found: rekor.pub |
      | 03 | with an authority that is no certificate   | error unmarshalling certificates:                                    |
      | 04 | with a log of certificates that has no key | AddCTLogPubKey: PEM decoding failed                                    |
      | 05 | with a log of signatures that has no key   | AddRekorPubKey: PEM decoding failed                                    |

  @trust-49
  Scenario: roots of trust as targets of their own aren't enough for keyless bundles
    Given the roots of trust are targets of their own at a TUF mirror, by their usual names
    And a keyless bundle of "acceptance/image" with provenance
    And no variable names the mirror
    When ec command is run with "sigstore initialize --mirror ${MIRROR} --root ${TUF_ROOT_JSON}"
    And "validate image" is run
    Then the attestation of "acceptance/image" is rejected because of "a trusted root is required for identity-based verification"

  @trust-50
  Scenario: roots of trust as targets of their own are found in a folder
    Given the roots of trust are targets of their own at a TUF mirror, by their usual names
    And the TUF mirror is a folder
    And no variable names the mirror
    When ec command is run with "sigstore initialize --mirror ${MIRROR} --root ${TUF_ROOT_JSON}"
    Then the exit status should be 0
    When "validate image" is run
    Then the image signature of "acceptance/image" is accepted

  @trust-51
  Scenario: a trusted root is found in a folder
    Given the roots of trust come from a TUF mirror
    And the TUF mirror is a folder
    When "validate image" is run
    Then the image signature of "acceptance/image" is accepted

  @trust-52 @trust-52.<id>
  Scenario Outline: a folder <oddity> is refused
    Given the roots of trust come from a TUF mirror <oddity>
    And the TUF mirror is a folder
    When "validate image" is run
    Then the validation fails with the error
      """
      TUF mirror ${MIRROR}: <reason>: …
      """

    Examples:
      | id | oddity                           | reason                                                      |
      | 01 | whose timestamp has expired      | metadata has expired                                        |
      | 02 | whose targets are by another key | metadata is not signed by as many of its keys as it must be |
      | 03 | whose target is another one      | a file is not what other metadata says of it                |

  @trust-53
  Scenario: a folder by half its path is an error
    Given the roots of trust come from a TUF mirror
    And the environment variable is set "TUF_MIRROR=file://srv/tuf"
    When "validate image" is run
    Then the validation fails with the error
      """
      TUF mirror file://srv/tuf: a folder's URL is file:// and its whole path: file:///srv/tuf
      """

  @trust-54 @trust-54.<id>
  Scenario Outline: a root whose <algorithm> checksum is the given one is accepted
    Given the roots of trust come from a TUF mirror
    And the checksum of the TUF root is known
    And no variable names the mirror
    When ec command is run with "sigstore initialize --mirror ${MIRROR} --root ${TUF_ROOT_JSON} --root-checksum <checksum>"
    Then the exit status should be 0
    And the mirror was asked for "timestamp.json"

    Examples:
      | id | algorithm | checksum                  |
      | 01 | SHA-256   | ${TUF_ROOT_SHA256}        |
      | 02 | SHA-256   | sha256:${TUF_ROOT_SHA256} |
      | 03 | SHA-512   | sha512:${TUF_ROOT_SHA512} |

  @trust-55 @trust-55.<id>
  Scenario Outline: a root whose checksum is given as <what> is refused
    Given the roots of trust come from a TUF mirror
    And the checksum of the TUF root is known
    When ec command is run with "sigstore initialize --mirror ${MIRROR} --root ${TUF_ROOT_JSON} --root-checksum <checksum>"
    Then the validation fails with the error
      """
      <error>
      """
    And the mirror was not asked for anything

    Examples:
      | id | what                 | checksum                  | error                                                                          |
      | 01 | another SHA-256      | ${TUF_ROOT_SHA512}        | --root has another checksum: expected …                                        |
      | 02 | another SHA-512      | sha512:${TUF_ROOT_SHA256} | --root has another checksum: expected …                                        |
      | 03 | an unknown algorithm | md5:0                     | --root-checksum md5:0: must be SHA-256 in hexadecimal, or sha512:<hexadecimal> |
