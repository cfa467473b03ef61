Feature: Signatures that don't count

  Whoever can push to a repository can attach anything to an image. What the signing tools reject is rejected:
  encodings, keys, numbers, log entries and checkpoints.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a key pair named "known"
    And an image named "acceptance/image"
    And the policy configuration "publicKey: unused"

  @trust-01 @trust-01.<id>
  Scenario Outline: an image signature which <fault>
    Given an image signature of "acceptance/image" which <fault>
    And an attestation of "acceptance/image" which is valid
    When "validate image" is run with
      | --ignore-rekor=<ignored> |  |
    Then the image signature of "acceptance/image" is rejected because of "<reason>"
    And the attestation of "acceptance/image" is accepted

    Examples:
      | id | ignored | fault | reason |
      | 01 | true | has more padding than it needs | illegal base64 data at input byte 96 |
      | 02 | true | lacks its padding | illegal base64 data at input byte 92 |
      | 03 | true | has a blank in its base64 | illegal base64 data at input byte 8 |
      | 04 | true | has a line separator of Unicode in its base64 | illegal base64 data at input byte 96 |
      | 05 | true | is in the alphabet for URLs | illegal base64 data at input byte |
      | 06 | false | signs a number beyond all floats | json: cannot unmarshal number 1e999 into Go struct field SimpleContainerImage.optional of type float64 |
      | 07 | false | signs a number of 5,000 digits | into Go struct field SimpleContainerImage.optional of type float64 |
      | 08 | false | signs NaN | invalid character 'N' looking for beginning of value |
      | 09 | false | is logged by an entry of kind rekord | failed to extract signature from bundle: unsupported type |
      | 10 | false | is logged by an entry of kind jar | failed to extract signature from bundle |
      | 11 | false | has a signed entry timestamp of two integers | unable to verify SET |
      | 12 | false | is logged by an entry that calls itself a rekord in other letters, too | failed to extract signature from bundle: |

  @trust-02
  Scenario: a valid image signature
    Given an image signature of "acceptance/image" which is valid
    And an attestation of "acceptance/image" which is valid
    When "validate image" is run with
      | --ignore-rekor=false |  |
    Then the exit status should be 0
    And the image signature of "acceptance/image" is accepted
    And the attestation of "acceptance/image" is accepted

  @trust-03 @trust-03.<id>
  Scenario Outline: an attestation which <fault>
    Given an image signature of "acceptance/image" which is valid
    And an attestation of "acceptance/image" which <fault>
    When "validate image" is run with
      | --ignore-rekor=<ignored> |  |
    Then the attestation of "acceptance/image" is rejected because of "<reason>"
    And the image signature of "acceptance/image" is accepted

    Examples:
      | id | ignored | fault                                           | reason                               |
      | 01 | true    | has a payload with more padding than it needs   | unable to base64 decode payload      |
      | 02 | true    | has a signature with more padding than it needs | unable to base64 decode payload      |
      | 03 | false   | is logged by an entry for payloads              | unsupported type                     |
      | 04 | false   | signs a number beyond all floats                | invalid google.protobuf.Value: 1e999 |
      | 05 | false   | is logged by an entry without the payload's hash | envelopeHash, payloadHash, and signatures must be present |
      | 06 | false   | is logged by an entry that is a proposal, too    | must be present but not both |

  @trust-04 @trust-04.<id>
  Scenario Outline: an image signature by an RSA key of <bits> bits
    Given an image signature of "acceptance/image" by an RSA key "short" of <bits> bits
    When "validate image" is run with
      | --public-key | ${short_PUBLIC_KEY} |
    Then the image signature of "acceptance/image" is rejected because of "RSA keys of fewer than 2048 bits are not trusted: this one has <bits>"

    Examples:
      | id | bits |
      | 01 | 1024 |
      | 02 | 2040 |

  @trust-05
  Scenario: an image signature by a long enough RSA key
    Given an image signature of "acceptance/image" by an RSA key "long" of 2048 bits
    When "validate image" is run with
      | --public-key | ${long_PUBLIC_KEY} |
    Then the image signature of "acceptance/image" is accepted

  @trust-06 @trust-06.<id>
  Scenario Outline: a signature with a certificate that has <oddity>
    Given an image signature of "acceptance/image" with a certificate that has <oddity>
    And an attestation of "acceptance/image" which is valid
    When "validate image" is run with
      | --ignore-rekor=false |  |
    Then the image signature of "acceptance/image" is rejected because of "<reason>"
    And the attestation of "acceptance/image" is accepted

    Examples:
      | id | oddity                                   | reason |
      | 01 | a country of one letter and a NUL        | x509:  |
      | 02 | a name of bytes that are no text         | x509:  |
      | 03 | a name in a string type that nobody uses | x509:  |
      | 04 | version 5                                | x509:  |
      | 05 | a negative serial number                 | x509:  |
      | 06 | a date that isn't in the calendar        | x509:  |
      | 07 | an issuer that is no UTF8String          | asn1:  |
      | 08 | an address beyond ASCII                  | x509: SAN rfc822Name is malformed |
      | 09 | a URI beyond ASCII                       | x509: SAN uniformResourceIdentifier is malformed |
      | 10 | a URI whose host doesn't end             | x509: cannot parse URI "https://[::1": |
      | 11 | a URI with a host of two dots            | x509: cannot parse URI "https://a..test/": invalid domain |
      | 12 | an extension that mustn't be critical    | x509: authority info access incorrectly marked critical |

  @trust-07 @trust-07.<id>
  Scenario Outline: a bundle which <fault>
    Given a bundle of "acceptance/image" which <fault>
    When "validate image" is run with
      | --ignore-rekor=false |  |
    Then the attestation of "acceptance/image" is rejected because of "<reason>"

    Examples:
      | id | fault                                                          | reason                        |
      | 01 | has a checkpoint with a size in Arabic digits                  | checkpoint                    |
      | 02 | has a checkpoint with a size with an underscore                | checkpoint                    |
      | 03 | has a checkpoint with a size with a sign                       | checkpoint                    |
      | 04 | has a checkpoint with a size after a blank                     | checkpoint                    |
      | 05 | has a checkpoint with lines that end in other characters       | cannot verify Rekor v2 entry  |
      | 06 | has the hash in its checkpoint with more padding than it needs | checkpoint                    |

  @trust-08
  Scenario: a valid bundle
    Given a bundle of "acceptance/image" which is valid
    When "validate image" is run with
      | --ignore-rekor=false |  |
    Then the attestation of "acceptance/image" is accepted
