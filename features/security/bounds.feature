Feature: Attachments are bounded before they are verified

  Whatever somebody attaches to an image is read with an amount of time and memory bounded by its size and by our
  limits.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a key pair named "known"
    And an image named "acceptance/image"
    And the policy configuration "publicKey: unused"

  @trust-20 @trust-20.<id>
  Scenario Outline: unsigned attestations take little more memory than their size: <count>
    Given a valid image signature of "acceptance/image" image signed by the "known" key
    And <count> attestations of "acceptance/image", each of 60 MB of empty objects
    And the validator's memory usage is measured
    When "validate image" is run with
      | --output | json |
    Then the attestation of "acceptance/image" is rejected because of "no matching attestations"
    And the image signature of "acceptance/image" is accepted
    And peak memory usage was at most <size> MiB

    Examples:
      | id | count | size |
      | 01 | 1     | 300  |
      | 02 | 4     | 300  |

  @trust-21
  Scenario: a bundle that nobody signed
    Given a bundle of "acceptance/image" which is valid
    And a bundle of "acceptance/image" which is unsigned and 60 MB of empty objects
    And the validator's memory usage is measured
    When "validate image" is run with
      | --output | json |
    Then the attestation of "acceptance/image" is accepted
    And peak memory usage was at most 300 MiB

  @trust-22
  Scenario: a certificate that takes quadratic time to parse naively
    Given an image signature of "acceptance/image" with a certificate of 100000 lines with colons
    And a valid attestation of "acceptance/image" signed by the "known" key
    When "validate image" is run with
      | --timeout | 30s |
    Then the image signature of "acceptance/image" is rejected because of "error during PEM decoding"
    And the attestation of "acceptance/image" is accepted

  @trust-23
  Scenario: an envelope with a member nested 40,000 levels deep
    Given a valid image signature of "acceptance/image" image signed by the "known" key
    And an attestation of "acceptance/image" which has a member that is nested 40,000 levels deep
    When "validate image" is run with
      | --output | json |
    Then the attestation of "acceptance/image" is rejected because of "exceeded max depth"
    And the image signature of "acceptance/image" is accepted

  @trust-24 @trust-24.<id>
  Scenario Outline: a log that answers <what>
    Given a valid image signature of "acceptance/image" image signed by the "known" key
    And the transparency log answers <what>
    And the validator's memory usage is measured
    When "validate image" is run with
      | --ignore-rekor=false |          |
      | --rekor-url          | ${REKOR} |
    Then the image signature of "acceptance/image" is rejected because of "<reason>"
    And peak memory usage was at most 300 MiB

    Examples:
      | id | what                          | reason                                                 |
      | 01 | a place of 5,000 digits       | json: cannot unmarshal number 999                      |
      | 02 | 30 MB of empty objects        | no matching signatures                                 |
      | 03 | 40,000 levels of lists        | exceeded max depth                                     |
      | 04 | a proof whose hash is no hash | no valid tlog entries found verifying inclusion proof: |

  @archive-128 @archive-128.<id>
  Scenario Outline: <name>, an archive whose files are below too many folders
    Given an archive "<name>" that has its files below 250 folders, with the files
      | first.rego    | policy/first.rego |
      | refusing.rego | refusing.rego     |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./<name>"]}]} |
    Then the validation fails with the error
      """
      a/a/…is nested deeper than 200 folders
      """
    And no manifest was fetched

    Examples:
      | id | name         |
      | 01 | rules.tar.gz |
      | 02 | rules.zip    |
