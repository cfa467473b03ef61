Feature: What policies see of sigstore bundles

  `ec.sigstore.verify_image` lists every bundle that verifies, whatever it tells of the image, and fills in no member.

  Background:
    Given the usual flags "--image ${REGISTRY}/acceptance/app --policy {"sources":[{"policy":["./rules"]}]} --public-key ${known_PUBLIC_KEY} --ignore-rekor --output json"
    And a key pair named "known"
    And a key pair named "other"
    And a conforming image "acceptance/app"
    And a conforming image "acceptance/image"
    And rules that tell what they see of "acceptance/image"

  @bundle-10
  Scenario: a rule sees a bundle beside a referring signature that is none
    Given a simple signing signature that refers to "acceptance/image", signed by the "known" key
    And a bundle of "acceptance/image" with provenance, signed by the "known" key
    When "validate image" is run
    Then the rules say "1 signatures, success is true"
    And the rules say "signatures are [{"certificate":"","chain":[],"keyid":"","metadata":{},"signature":""}]"
    And the rules say "1 attestations, success is true: https://slsa.dev/provenance/v0.2"
    And the output should match the snapshot

  @bundle-11 @bundle-11.<id>
  Scenario Outline: a rule sees the signature of one bundle, with <content>
    Given a bundle of "acceptance/image" with <content>, signed by the "known" key
    When "validate image" is run
    Then the rules say "1 signatures, success is true"
    And the rules say "1 attestations, success is true: <type>"
    And the output should match the snapshot

    Examples:
      | id | content            | type                                            |
      | 01 | an image signature | https://sigstore.dev/cosign/sign/v1             |
      | 02 | provenance         | https://slsa.dev/provenance/v0.2                |
      | 03 | provenance 1.0     | https://slsa.dev/provenance/v1                  |
      | 04 | a test result      | https://in-toto.io/attestation/test-result/v0.1 |

  @bundle-12 @bundle-12.<id>
  Scenario Outline: a rule sees <seen> signatures of provenance, and <first> by the <by> key
    Given a bundle of "acceptance/image" with <first>, signed by the "<by>" key
    And a bundle of "acceptance/image" with provenance, signed by the "known" key
    When "validate image" is run
    Then the rules say "<seen> signatures, success is true"
    And the rules say "<seen> attestations, success is true: <types>"
    And the output should match the snapshot

    Examples:
      | id | first               | by    | seen | types                                                                            |
      | 01 | an image signature  | known | 2    | https://sigstore.dev/cosign/sign/v1 https://slsa.dev/provenance/v0.2             |
      | 02 | a test result       | known | 2    | https://in-toto.io/attestation/test-result/v0.1 https://slsa.dev/provenance/v0.2 |
      | 03 | an image signature  | other | 1    | https://slsa.dev/provenance/v0.2                                                 |
      | 04 | provenance          | other | 1    | https://slsa.dev/provenance/v0.2                                                 |
      | 05 | a message signature | known | 1    | https://slsa.dev/provenance/v0.2                                                 |

  @bundle-13
  Scenario: a rule gets an error for a statement of an unknown type
    Given a bundle of "acceptance/image" with a test result, signed by the "known" key, whose statement is of an unknown type
    And a bundle of "acceptance/image" with provenance, signed by the "known" key
    When "validate image" is run
    Then the rules say "2 signatures, success is true"
    And the rules say "1 attestations, success is false: https://slsa.dev/provenance/v0.2"
    And the rules say "attestations: parsing attestation: unsupported attestation type: foo"
    And the output should match the snapshot

  @bundle-14 @bundle-14.<id>
  Scenario Outline: a rule sees no signature in <content> by the <by> key, which doesn't verify
    Given a bundle of "acceptance/image" with <content>, signed by the "<by>" key
    When "validate image" is run
    Then the rules say "0 signatures, success is false"
    And the rules say "signatures: verify image signature: no matching attestations: …<reason>"
    And the rules say "attestations: verify image attestation signature: no matching attestations: …<reason>"
    And the output should match the snapshot

    Examples:
      | id | content                  | by    | reason |
      | 01 | an image signature       | other | accepted signatures do not match threshold, Found: 0, Expected 1 |
      | 02 | a message signature      | known | bundle does not contain a DSSE envelope |
      | 03 | a message signature      | other | could not verify message: invalid signature when validating ASN.1 encoded signature |
      | 04 | a simple signing payload | known | validation error: invalid attestation: decoding json |

  @bundle-15
  Scenario: a rule sees the signatures of tags where no referrer is a bundle
    Given a simple signing signature that refers to "acceptance/image", signed by the "other" key
    When "validate image" is run
    Then the rules say "1 signatures, success is true"
    And the rules say "1 attestations, success is true: https://slsa.dev/provenance/v0.2"
    And the output should match the snapshot
