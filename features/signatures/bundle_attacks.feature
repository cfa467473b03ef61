Feature: What somebody who may push, or a registry that answers falsely, can't do with bundles

  In each scenario the signatures themselves are right: they are by the policy's key.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a key pair named "known"
    And a key pair named "other"
    And an image named "acceptance/image"
    And an image named "acceptance/another"
    And the policy configuration "publicKey: unused"

  @bundle-30
  Scenario: bundles of another image count for nothing
    Given a bundle of "acceptance/another" with an image signature, signed by the "known" key
    And a bundle of "acceptance/another" with provenance, signed by the "known" key
    And the bundles of "acceptance/another" refer to "acceptance/image", too
    When "validate image" is run
    Then the image signature of "acceptance/another" is accepted
    And the attestation of "acceptance/another" is accepted
    And the image signature of "acceptance/image" is rejected because of "provided artifact digest does not match any digest in statement"
    And the output should match the snapshot

  @bundle-31
  Scenario: bundles of another image that the registry lists count for nothing
    Given a bundle of "acceptance/another" with provenance, signed by the "known" key
    And the registry lists the referrers of "acceptance/another" as those of "acceptance/image"
    When "validate image" is run
    Then the attestation of "acceptance/another" is accepted
    And the image signature of "acceptance/image" is rejected because of "provided artifact digest does not match any digest in statement"

  @bundle-32
  Scenario: a bundle by another key beside a right one is neither counted nor reported
    Given a bundle of "acceptance/image" with a test result, signed by the "other" key
    And a bundle of "acceptance/image" with provenance, signed by the "known" key
    When "validate image" is run for "image"
    Then the exit status should be 0
    And the report shows 0 signatures and 1 attestations of "acceptance/image"
    And the attestation that is shown has the predicate type "https://slsa.dev/provenance/v0.2"
    And the output should match the snapshot

  @bundle-33
  Scenario: the bundle of an index doesn't count for one of its images
    Given an image "acceptance/multi" for the architectures "amd64, s390x"
    And a bundle of "acceptance/multi" with provenance, signed by the "known" key
    And the bundles of "acceptance/multi" refer to "acceptance/multi-amd64", too
    When "validate image" is run for "multi"
    Then the attestation of "multi" is accepted
    And the image signature of "multi-${multi-amd64_DIGEST}-amd64" is rejected because of "provided artifact digest does not match any digest in statement"
    And the output should match the snapshot

  @bundle-34
  Scenario: the bundle of one of its images doesn't count for an index
    Given an image "acceptance/multi" for the architectures "amd64, s390x"
    And a bundle of "acceptance/multi-amd64" with provenance, signed by the "known" key
    And the bundles of "acceptance/multi-amd64" refer to "acceptance/multi", too
    When "validate image" is run for "multi"
    Then the attestation of "multi-${multi-amd64_DIGEST}-amd64" is accepted
    And the image signature of "multi" is rejected because of "provided artifact digest does not match any digest in statement"
    And the output should match the snapshot

  @bundle-35
  Scenario: a tag that moves between two look-ups can't swap the image
    Given a bundle of "acceptance/image" with provenance, signed by the "known" key
    And the tag of "acceptance/image" leads to "acceptance/another" from the second look-up on
    When "validate image" is run for "image"
    Then what is reported of "acceptance/image" is the image that was looked at

  @bundle-36
  Scenario: bundles on the second page of referrers are seen
    Given an image signature of "acceptance/image" image signed by the "known" key without a log entry
    And a bundle of "acceptance/image" with provenance, signed by the "other" key
    And the referrers of "acceptance/image" are on the second page of a list
    When "validate image" is run for "image"
    Then the image signature of "acceptance/image" is rejected because of "accepted signatures do not match threshold, Found: 0, Expected 1"
    And the registry was asked for 2 pages of referrers

  @bundle-37
  Scenario: pages of referrers without end are refused
    Given an image signature of "acceptance/image" image signed by the "known" key without a log entry
    And the list of referrers of "acceptance/image" has no end
    When "validate image" is run for "image"
    Then the image signature of "acceptance/image" is rejected because of "there are more than 100 pages"
    And the attestation of "acceptance/image" is rejected because of "there are more than 100 pages"

  @bundle-38
  Scenario: a manifest that isn't the one that the registry listed is refused
    Given an image signature of "acceptance/image" image signed by the "known" key without a log entry
    And a bundle of "acceptance/image" with provenance, signed by the "other" key
    And a bundle of "acceptance/image" with provenance, signed by the "known" key
    And the registry gives the last referrer of "acceptance/image" for the first one
    When "validate image" is run for "image"
    Then the image signature of "acceptance/image" is rejected because of "does not match requested digest"
