Feature: What could not be checked doesn't pass

  When a registry or a log fails, nobody knows whether an image may ship. It is refused, and the report says why.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json --retry-duration 10ms"
    And a key pair named "known"
    And a key pair named "other"
    And an image named "acceptance/image"
    And each image is signed and attested by the "known" key
    And the policy configuration "publicKey: unused"

  @bundle-50 @bundle-50.<id>
  Scenario Outline: an image is rejected when its list of referrers is answered with status <status>
    Given the registry answers with status <status> when asked for the referrers of "acceptance/image"
    When "validate image" is run
    Then the image signature of "acceptance/image" is rejected because of "<cause>"
    And the attestation of "acceptance/image" is rejected because of "<cause>"

    Examples:
      | id | status | cause           |
      | 01 | 429    | TOOMANYREQUESTS |
      | 02 | 500    | status 500      |
      | 03 | 503    | status 503      |

  @bundle-51
  Scenario: an image is rejected when its list of referrers breaks off
    Given the registry breaks off when asked for the referrers of "acceptance/image"
    When "validate image" is run
    Then the image signature of "acceptance/image" is rejected because of "/referrers/"
    And the attestation of "acceptance/image" is rejected because of "/referrers/"

  @bundle-52 @bundle-52.<id>
  Scenario Outline: an image is rejected when a bundle's <what> is answered with status <status>, though another one verifies
    Given a bundle of "acceptance/image" with a test result, signed by the "known" key
    And a bundle of "acceptance/image" with provenance, signed by the "known" key
    And the registry answers with status <status> when asked for the <what> of "acceptance/image"
    When "validate image" is run
    Then the image signature of "acceptance/image" is rejected because of "<status>"
    And the attestation of "acceptance/image" is rejected because of "<status>"

    Examples:
      | id | what                     | status |
      | 01 | first referrer           | 429    |
      | 02 | first referrer           | 503    |
      | 03 | first referrer's content | 500    |
      | 04 | first referrer           | 403    |

  @bundle-53 @bundle-53.<id>
  Scenario Outline: an image is rejected when its <what> are answered with status <status>
    Given the registry answers with status <status> when asked for the <what> of "acceptance/image"
    When "validate image" is run
    Then the <check> of "acceptance/image" is rejected because of "<cause>"

    Examples:
      | id | what         | check           | status | cause           |
      | 01 | signatures   | image signature | 429    | TOOMANYREQUESTS |
      | 02 | signatures   | image signature | 500    | status 500      |
      | 03 | attestations | attestation     | 429    | TOOMANYREQUESTS |
      | 04 | attestations | attestation     | 503    | status 503      |

  @bundle-54
  Scenario: a registry that never answers is waited for until the time-out
    Given the registry never answers when asked for the referrers of "acceptance/image"
    When "validate image" is run with
      | --timeout | 2s |
    Then the validation fails because of the time-out

  @bundle-55
  Scenario: an image is rejected when nobody listens at the log's address
    When "validate image" is run with
      | --ignore-rekor=false |                |
      | --rekor-url          | http://${NOBODY} |
    Then the image signature of "acceptance/image" is rejected because of "connection refused"
    And the attestation of "acceptance/image" is rejected because of "connection refused"

  @bundle-56 @bundle-56.<id>
  Scenario Outline: an image is rejected when the log answers with status <status>
    Given every answer of the transparency log has the status <status>
    When "validate image" is run with
      | --ignore-rekor=false |          |
      | --rekor-url          | ${REKOR} |
    Then the image signature of "acceptance/image" is rejected because of "<cause>"
    And the attestation of "acceptance/image" is rejected because of "<cause>"

    Examples:
      | id | status | cause                                     |
      | 01 | 429    | giving up after 4 attempt(s): status 429  |
      | 02 | 503    | giving up after 4 attempt(s): status 503  |
      | 03 | 403    | [POST /api/v1/log/entries/retrieve][403]  |

  @bundle-57 @bundle-57.<id>
  Scenario Outline: the validation fails when a rule asks for what is answered with status <status>
    Given the rules
      """
      package tried
      warn contains "the image was looked at"
      deny contains "it has layers" if count(ec.oci.image_manifest("${REGISTRY}/acceptance/other").layers) > 0
      """
    And an image named "acceptance/other"
    And the registry answers with status <status> when asked for the manifest of "acceptance/other"
    When "validate image" is run for "image" with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
    Then the exit status should be 1
    And standard error has "Error: error validating image ${REGISTRY}/acceptance/image:latest of component image: "
    And standard error has "<cause>"

    Examples:
      | id | status | cause           |
      | 01 | 429    | TOOMANYREQUESTS |
      | 02 | 500    | status 500      |

  @bundle-58
  Scenario: a rule sees no signatures when the registry fails
    Given rules that tell what they see of "acceptance/image"
    And a conforming image "acceptance/app"
    And the registry answers with status 429 when asked for the referrers of "acceptance/image"
    When "validate image" is run for "app" with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
    Then the rules say "0 signatures, success is false"
    And the rules say "signatures: verify image signature: …TOOMANYREQUESTS…"
    And the rules say "attestations: verify image attestation signature: …TOOMANYREQUESTS…"

  @bundle-59 @bundle-59.<id>
  Scenario Outline: an image is rejected when the second page of its referrers is <answer>
    Given the second page of the referrers of "acceptance/image" is <answer>
    When "validate image" is run
    Then the image signature of "acceptance/image" is rejected because of "<cause>"
    And the attestation of "acceptance/image" is rejected because of "<cause>"

    Examples:
      | id | answer          | cause                            |
      | 01 | denied          | not all pages can be had         |
      | 02 | missing         | a page of the list can't be read |
      | 03 | half a document | a page of the list can't be read |

  @bundle-59 @bundle-59.04
  Scenario: an image is rejected when its list of referrers continues elsewhere
    Given the list of referrers of "acceptance/image" continues elsewhere
    When "validate image" is run
    Then the image signature of "acceptance/image" is rejected because of "the list continues elsewhere"
    And the attestation of "acceptance/image" is rejected because of "the list continues elsewhere"

  @bundle-59 @bundle-59.05
  Scenario: an image is rejected when a link of its list of referrers is too long to be read
    Given the list of referrers of "acceptance/image" names its next page behind 70,000 characters
    When "validate image" is run
    Then the image signature of "acceptance/image" is rejected because of "Link is longer than 65536 characters"
    And the attestation of "acceptance/image" is rejected because of "Link is longer than 65536 characters"
