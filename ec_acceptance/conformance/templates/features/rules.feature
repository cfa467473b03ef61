Feature: What our rules let ship

  Background:
    Given a key pair named "release"
    And the git repository "policy" has the files of the folder "policy"
    And the policy configuration of the file "policy.yaml"
    And the usual flags "--policy policy.yaml --public-key ${release_PUBLIC_KEY} --rekor-url ${REKOR} --output json"
    And an image named "team/app"

  @rules-01
  Scenario: an image that our pipeline built and signed
    Given a valid image signature of "team/app" image signed by the "release" key
    And provenance of "team/app" signed by the "release" key with
      | builder  | https://ci.example.com/builder           |                                               |
      | task     | build                                    | registry.example.com/tasks/build:1.0          |
      | material | git+https://git.example.com/team/app.git | sha1:b2c5a1f0c6a4f2f1c4dfe5b2a2a64e8d3f1b7c09 |
    When "validate image" is run with
      | --image | ${REGISTRY}/team/app |
    Then the exit status should be 0
    And the output should match the snapshot

  Scenario: an image that somebody built elsewhere
    Given a valid image signature of "team/app" image signed by the "release" key
    And provenance of "team/app" signed by the "release" key with
      | builder | https://elsewhere.example.com |
    When "validate image" is run with
      | --image | ${REGISTRY}/team/app |
    Then the exit status should be 1
    And the violations are
      | code            | message                                                      |
      | release.builder | Built by https://elsewhere.example.com, which we don't trust |

  Scenario: an image without provenance
    Given a valid image signature of "team/app" image signed by the "release" key
    When "validate image" is run with
      | --image | ${REGISTRY}/team/app |
    Then the exit status should be 1
    And the violations are: builtin.attestation.signature_check
