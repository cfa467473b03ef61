Feature: Components that share layers

  Five components with five different images: each has a small layer of its own and shares one of 4 MiB with the others.
  The policy reports which files it saw, and fails if one is missing. A validator without a layer cache passes all
  scenarios but the outline that counts requests (@layers-03, @layers-04).

  Background:
    Given a key pair named "known"
    And a git repository named "manifests-policy" with
      | input/main.rego   | manifest_files_input.rego   |
      | builtin/main.rego | manifest_files_builtin.rego |
    And 5 OLM bundle images "acceptance/bundle-1" to "acceptance/bundle-5" that share a layer of 4 MiB
    And each image is signed and attested by the "known" key

  @layers-<id>
  Scenario Outline: the report is correct with a cold cache, a warm one and none
    Given the environment variable is set "EC_CACHE=true"
    When "validate image" is run with
      | --json-input     | ${IMAGES}                                                                                 |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/manifests-policy.git//<folder>"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                       |
      | --rekor-url      | ${REKOR}                                                                                  |
      | --show-successes |                                                                                           |
      | --output         | json                                                                                      |
    Then the exit status should be 0
    And the output should match the snapshot
    And each layer was fetched
    When "validate image" is run again
    Then the exit status should be 0
    And the output should match the snapshot
    When the environment variable is set "EC_CACHE=false"
    And "validate image" is run again
    Then the exit status should be 0
    And the output should match the snapshot
    And each layer was fetched

    Examples: input.image.files
      | id | folder |
      | 01 | input  |

    Examples: ec.oci.image_files
      | id | folder  |
      | 02 | builtin |

  @layers-<id>
  Scenario Outline: a shared layer is fetched once with a cold cache, and not at all with a warm one
    Given the environment variable is set "EC_CACHE=true"
    When "validate image" is run with
      | --json-input   | ${IMAGES}                                                                                 |
      | --policy       | {"sources": [{"policy": ["git::https://${GITHOST}/git/manifests-policy.git//<folder>"]}]} |
      | --public-key   | ${known_PUBLIC_KEY}                                                                       |
      | --ignore-rekor |                                                                                           |
      | --workers      | 5                                                                                         |
      | --output       | json                                                                                      |
    Then the exit status should be 0
    And each component saw 3 files
    And each layer was fetched exactly once
    When "validate image" is run again
    Then the exit status should be 0
    And each component saw 3 files
    And no layer was fetched
    And the registry was asked for
      | manifest | acceptance/bundle-1 |
      | manifest | acceptance/bundle-5 |

    Examples: input.image.files
      | id | folder |
      | 03 | input  |

    Examples: ec.oci.image_files
      | id | folder  |
      | 04 | builtin |

  @layers-05
  Scenario: a file that the image lacks is a violation of that component alone
    Given an OLM bundle image "acceptance/incomplete" with the files
      | manifests/own.json | {"image": "incomplete"} |
    And each image is signed and attested by the "known" key
    When "validate image" is run with
      | --json-input   | ${IMAGES}                                                                              |
      | --policy       | {"sources": [{"policy": ["git::https://${GITHOST}/git/manifests-policy.git//input"]}]} |
      | --public-key   | ${known_PUBLIC_KEY}                                                                    |
      | --ignore-rekor |                                                                                        |
      | --output       | json                                                                                   |
    Then the exit status should be 1
    And the output should match the snapshot
    And the violations are
      | component  | code              | term                        |
      | incomplete | manifests.missing | manifests/shared-first.json |
      | incomplete | manifests.missing | manifests/shared-last.yaml  |
