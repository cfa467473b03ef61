Feature: Sigstore bundles that refer to an image take the place of its signature and attestation tags

  Whoever may push can attach bundles. As soon as one of the referrers is a bundle of version 0.3, what stands at the tags
  for signatures and attestations doesn't count any more, whether a bundle verifies or not.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a key pair named "known"
    And a key pair named "other"
    And an image named "acceptance/image"
    And an image named "acceptance/another"
    And the policy configuration "publicKey: unused"

  @bundle-01 @bundle-01.<id>
  Scenario Outline: a bundle <variation> counts
    Given an image signature of "acceptance/image" image signed by the "known" key without a log entry
    And an attestation of "acceptance/image" signed by the "known" key without a log entry
    And a bundle of "acceptance/image" with provenance, signed by the "other" key, <variation>
    When "validate image" is run for "image"
    Then the image signature of "acceptance/image" is rejected because of "No image attestations found matching the given public key"
    And the attestation of "acceptance/image" is rejected because of "accepted signatures do not match threshold, Found: 0, Expected 1"

    Examples:
      | id | variation                                      |
      | 01 | of version 0.3 by its older name               |
      | 02 | of version 0.3.1                               |
      | 03 | of a release candidate of version 0.4.0        |
      | 04 | with members by their names in the declaration |
      | 05 | with a blank before its JSON                   |
      | 06 | in a layer of version 0.1's media type         |
      | 07 | in a manifest with another artifact type       |
      | 08 | with a key id                                  |

  @bundle-02 @bundle-02.<id>
  Scenario Outline: a bundle <variation> doesn't count, so that the tags do
    Given an image signature of "acceptance/image" image signed by the "known" key without a log entry
    And an attestation of "acceptance/image" signed by the "known" key without a log entry
    And a bundle of "acceptance/image" with provenance, signed by the "other" key, <variation>
    When "validate image" is run for "image"
    Then the exit status should be 0
    And the image signature of "acceptance/image" is accepted
    And the attestation of "acceptance/image" is accepted
    And the output should match the snapshot

    Examples:
      | id | variation                               |
      | 01 | of version 0.1                          |
      | 02 | of version 0.2                          |
      | 03 | of version 0.4                          |
      | 04 | of a release candidate of version 0.3.0 |
      | 05 | of no version                           |
      | 06 | without a media type                    |
      | 07 | with a member that nobody knows         |
      | 08 | with its envelope twice                 |
      | 09 | with its media type twice               |
      | 10 | with a message signature besides        |
      | 11 | with neither key nor certificate        |
      | 12 | with a chain of certificates            |
      | 13 | with a second JSON text behind          |
      | 14 | cut off in the middle                   |
      | 15 | in a layer of another media type        |
      | 16 | in a manifest with two such layers      |

  @bundle-03 @bundle-03.<id>
  Scenario Outline: a bundle <variation> is rejected
    Given a bundle of "acceptance/image" with provenance, signed by the "known" key, <variation>
    When "validate image" is run for "image"
    Then the image signature of "acceptance/image" is rejected because of "<reason>"
    And the attestation of "acceptance/image" is rejected because of "<reason>"

    Examples: the envelope
      | id | variation                                      | reason |
      | 01 | with the payload changed after signing         | could not verify envelope: accepted signatures do not match threshold |
      | 02 | with a signature over another payload type     | could not verify envelope: accepted signatures do not match threshold |
      | 03 | with the signature of another key besides      | failed to verify signature: exactly one signature is required |
      | 04 | with no signature                              | failed to verify signature: exactly one signature is required |
      | 05 | with a key id                                  | could not verify envelope: accepted signatures do not match threshold |
      | 06 | with an empty payload                          | failed to fetch signature content: validation error: invalid attestation: missing valid envelope |

    Examples: the statement
      | id | variation                                      | reason |
      | 07 | about another image                            | failed to verify signature: provided artifact digest does not match any digest in statement |
      | 08 | about the image in capital letters             | no matching subject digest found |
      | 09 | about the image by another algorithm's name    | failed to verify signature: provided artifact digests does not match digests in statement |
      | 10 | about nothing                                  | failed to verify signature: provided artifact digests does not match digests in statement |
      | 11 | about 1,025 subjects                           | failed to verify signature: too many subjects: 1025 > 1024 |
      | 12 | about a subject with 33 digests                | failed to verify signature: too many digests: 33 > 32 |
      | 13 | whose statement has a member that nobody knows | validation error: invalid attestation: decoding json |
      | 14 | whose statement has its subject twice          | validation error: invalid attestation: decoding json |

  @bundle-04 @bundle-04.<id>
  Scenario Outline: an image with <first> and <second> passes, and each that verifies is reported
    Given a bundle of "acceptance/image" with <first>, signed by the "<first key>" key
    And a bundle of "acceptance/image" with <second>, signed by the "known" key
    When "validate image" is run for "image"
    Then the exit status should be 0
    And the image signature of "acceptance/image" is accepted
    And the attestation of "acceptance/image" is accepted
    And the report shows <signatures> signatures and <attestations> attestations of "acceptance/image"
    And the output should match the snapshot

    Examples:
      | id | first               | first key | second         | signatures | attestations |
      | 01 | an image signature  | known     | provenance     | 1          | 1            |
      | 02 | provenance          | known     | a test result  | 0          | 2            |
      | 03 | an image signature  | other     | provenance     | 0          | 1            |
      | 04 | a message signature | known     | provenance 1.0 | 0          | 1            |

  @bundle-05
  Scenario: an image with only an image signature is rejected for lack of attestations
    Given a bundle of "acceptance/image" with an image signature, signed by the "known" key
    When "validate image" is run for "image"
    Then the exit status should be 1
    And the image signature of "acceptance/image" is accepted
    And a message is
      """
      No attestations contain a subject that match the given image.
      """
    And the output should match the snapshot

  @bundle-06
  Scenario: a message signature is no image signature
    Given a bundle of "acceptance/image" with a message signature, signed by the "known" key
    When "validate image" is run for "image"
    Then the image signature of "acceptance/image" is rejected because of "no matching attestations: bundle does not contain a DSSE envelope"
    And the output should match the snapshot

  @bundle-07
  Scenario: a statement of an unknown type is an image signature, and no attestation
    Given a bundle of "acceptance/image" with provenance, signed by the "known" key, whose statement is of an unknown type
    When "validate image" is run for "image"
    Then the image signature of "acceptance/image" is accepted
    And the attestation of "acceptance/image" is rejected because of "unable to parse bundle attestation: unsupported attestation type: foo"
    And the output should match the snapshot

  @bundle-08
  Scenario: referrers that a registry lists at a tag are found
    Given the registry doesn't know what referrers are
    And a bundle of "acceptance/image" with an image signature, signed by the "known" key
    And a bundle of "acceptance/image" with provenance, signed by the "known" key
    And the tag for referrers of "acceptance/image" lists them
    When "validate image" is run for "image"
    Then the exit status should be 0
    And the report shows 1 signatures and 1 attestations of "acceptance/image"
    And the output should match the snapshot

  @bundle-09
  Scenario: a predicate type that only one of two readers sees makes no image signature
    Given a bundle of "acceptance/image" with a test result, signed by the "known" key, whose statement names an image signature's type as only protobuf does
    When "validate image" is run for "image"
    Then the exit status should be 0
    And the report shows 0 signatures and 1 attestations of "acceptance/image"
    And the output should match the snapshot

  @bundle-75
  Scenario: roots of trust in files are not enough for keyless bundles
    Given the roots of trust are in files
    And a keyless bundle of "acceptance/image" with provenance
    When "validate image" is run for "image" with
      | --public-key=             |                                |
      | --certificate-identity    | builder@acceptance.test        |
      | --certificate-oidc-issuer | https://issuer.acceptance.test |
      | --ignore-rekor=false      |                                |
    Then the attestation of "acceptance/image" is rejected because of "a trusted root is required for identity-based verification"
    And the output should match the snapshot
