Feature: What could not be looked at doesn't pass, wherever it was needed

  A registry that fails says neither yes nor no. Whatever a verdict needed it for, the image isn't accepted, and the report
  or the error says what could not be had.

  Background:
    Given the usual flags "--json-input ${IMAGES} --public-key ${known_PUBLIC_KEY} --ignore-rekor --output json --retry-duration 10ms"

  @undecided-01 @undecided-01.<id>
  Scenario Outline: whether an image is an index can't be asked at first: <status>
    Given a key pair named "known"
    And an image "acceptance/index" for the architectures "amd64, arm64", all conforming
    And the registry answers with status <status> the first 4 times that it is asked what "acceptance/index" is
    When "validate image" is run for "index" with
      | --policy | {"sources": []} |
    Then the exit status should be 1
    And "acceptance/index" isn't accessible because of "<status>"

    Examples:
      | id | status |
      | 01 | 429    |
      | 02 | 503    |

  @undecided-02
  Scenario: what an index lists can't be had at first
    Given a key pair named "known"
    And an image "acceptance/index" for the architectures "amd64, arm64", all conforming
    And the registry answers with status 503 the first 4 times that it is asked for the list of "acceptance/index"
    When "validate image" is run for "index" with
      | --policy | {"sources": []} |
    Then the exit status should be 1
    And "acceptance/index" isn't accessible because of "503"

  @undecided-03 @undecided-03.<id>
  Scenario Outline: the image that an image was built on can't be had: <status>
    Given a key pair named "known"
    And an image named "acceptance/base"
    And an image "acceptance/app" with the configuration and annotations
      """
      {"annotations": {"org.opencontainers.image.base.name": "${REGISTRY}/acceptance/base@${base_DIGEST}"}}
      """
    And "acceptance/app" conforms
    And the rules
      """
      package tried
      deny contains "the base is known" if input.image.parent.config
      """
    And the registry answers with status <status> when asked for the content of "acceptance/base"
    When "validate image" is run for "app" with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
    Then the exit status should be 1
    And standard error has "Error: error validating image ${REGISTRY}/acceptance/app:latest of component app: "
    And standard error has "<cause>"

    Examples:
      | id | status | cause           |
      | 01 | 429    | TOOMANYREQUESTS |
      | 02 | 503    | status 503      |

  @undecided-04 @undecided-04.<id>
  Scenario Outline: the token for what a rule asks for can't be had: status <status>
    Given the registry demands the credentials "user" and "secret" by the challenges
      """
      {challenge}
      """
    And the Docker configuration has the credentials "user" and "secret"
    And a key pair named "known"
    And a conforming image "acceptance/image"
    And an image named "acceptance/other"
    And the rules
      """
      package tried
      warn contains "the image was looked at"
      deny contains "it has layers" if count(ec.oci.image_manifest("${REGISTRY}/acceptance/other").layers) > 0
      """
    And after the first token the registry's token server answers with status <status> and "<body>"
    When "validate image" is run for "image" with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
    Then the exit status should be 1
    And standard error has "Error: error validating image ${REGISTRY}/acceptance/image:latest of component image: "
    And standard error has "<cause>"

    Examples:
      | id | status | body | cause              |
      | 01 | 404    | none | status code 404    |
      | 02 | 429    | none | status code 429    |
      | 03 | 500    | none | status code 500    |
      | 04 | 200    | {}   | no token in bearer |
