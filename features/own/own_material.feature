Feature: What a team has already

  Images, keys, policies and predicates of a team's own are judged as made-up ones are: these are the words in which a
  team's own scenarios speak of them. Here they stand below features/examples/own.

  Background:
    Given the key pair "release" of the file "features/examples/own/release.key"
    And the git repository "policy" has the files of the folder "features/examples/own/policy"
    And the policy configuration of the file "features/examples/own/policy.yaml"
    And the usual flags "--policy policy.yaml --public-key ${release_PUBLIC_KEY} --ignore-rekor --output json"
    And an image named "acceptance/app"
    And a valid image signature of "acceptance/app" image signed by the "release" key

  @own-01
  Scenario: provenance that names a builder, tasks and materials which are trusted
    Given provenance of "acceptance/app" signed by the "release" key with
      | builder  | https://ci.example.com/builder           |                                             |
      | task     | build                                    | r.example.com/t/build        |
      | material | git+https://g.example.com/app | sha1:b2c5a1f0c6a4f2f1c4dfe5b2a2a64e8d3f1b7c09 |
    When "validate image" is run for "app"
    Then the exit status should be 0
    And the git repository "policy" was fetched
    And the registry was asked for
      | signature   | acceptance/app |
      | attestation | acceptance/app |

  @own-02
  Scenario Outline: provenance that <code> refuses
    Given provenance of "acceptance/app" signed by the "release" key with
      | builder  | <builder>   |          |
      | task     | build       | <bundle> |
      | material | <material>  |          |
    When "validate image" is run for "app"
    Then the exit status should be 1
    And the violations are
      | code   | message   |
      | <code> | <message> |

    Examples:
      | builder                        | bundle                | material                    | code             | message                                |
      | https://elsewhere.example.com  | r.example.com/t/build | git+https://g.example.com/a | release.builder  | Built by https://elsewhere.example.com |
      | https://ci.example.com/builder | r.example.net/t/build | git+https://g.example.com/a | release.task     | Task build                             |
      | https://ci.example.com/builder | r.example.com/t/build | git+https://g.example.net/a | release.material | Material git+https://g.example.net/a   |

  @own-03
  Scenario: an attestation with a predicate of the team's own
    Given an attestation of "acceptance/app" signed by the "release" key with the predicate "https://example.com/tests/v1"
      """
      {"result": "aborted"}
      """
    And an attestation of "acceptance/app" signed by the "release" key with the file "features/examples/own/tests-failed.json" as predicate "https://example.com/tests/v1"
    When "validate image" is run for "app"
    Then the exit status should be 1
    And the violations are
      | code          | message       |
      | release.tests | Tests aborted |
      | release.tests | Tests failed  |

  @own-04
  Scenario: a copy of an image has its signatures and attestations
    Given provenance of "acceptance/app" signed by the "release" key with
      | builder  | https://elsewhere.example.com            |                                      |
      | task     | build                                    | r.example.com/t/build |
      | material | git+https://g.example.com/app |                                      |
    And the image "acceptance/copy" is a copy of "${REGISTRY}/acceptance/app:latest"
    And the public key "ours" of the file "features/examples/own/release.pub"
    When "validate image" is run with
      | --image      | ${REGISTRY}/acceptance/copy |
      | --public-key | ${ours_PUBLIC_KEY}          |
    Then the exit status should be 1
    And the violations are
      | code            | message                                |
      | release.builder | Built by https://elsewhere.example.com |
    And the registry was asked for
      | signature   | acceptance/copy |
      | attestation | acceptance/copy |

  @own-05
  Scenario: the policy is a folder beside the validator
    Given the folder "rules" has the files of the folder "features/examples/own/policy"
    And a file "policy.yaml" with
      """
      {"sources": [{"policy": ["./rules"], "ruleData": {"trusted_builders": []}}]}
      """
    And provenance of "acceptance/app" signed by the "release" key with
      | builder | https://elsewhere.example.com |
    When "validate image" is run for "app"
    Then the exit status should be 1
    And the violations are
      | code            | message                                |
      | release.builder | Built by https://elsewhere.example.com |
