Feature: Policies from git, and how they appear in the report

  The repository `policies` has one version of its policy on the branch `main`, and another one on `next`.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a conforming image "acceptance/app"

  @source-<id>
  Scenario Outline: git: <what>
    Given a git repository named "policies" with
      | main.rego      | policy/first.rego |
      | deep/main.rego | policy/first.rego |
    And the git repository "policies" has the tag "v1"
    And the git repository "policies" has the annotated tag "v1-signed"
    And the git repository "policies" has the branch "next" with
      | only/main.rego | policy/second.rego |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["<url>"]}]} |
    Then the warnings are: <warnings>
    And the output should match the snapshot
    And the git repository "policies" was fetched

    Examples:
      | id | what                    | url                                                                        | warnings      |
      | 01 | the default branch      | git::https://${GITHOST}/git/policies.git//deep                             | source.first  |
      | 02 | a branch                | git::https://${GITHOST}/git/policies.git//only?ref=next                    | source.second |
      | 03 | a tag                   | git::https://${GITHOST}/git/policies.git//deep?ref=v1                      | source.first  |
      | 04 | an annotated tag        | git::https://${GITHOST}/git/policies//deep?ref=v1-signed                   | source.first  |
      | 05 | a reference's full name | git::https://${GITHOST}/git/policies.git//deep?ref=refs/heads/next&depth=1 | source.first  |
      | 06 | a commit                | git::https://${GITHOST}/git/policies.git//deep?ref=${policies_COMMIT}      | source.first  |
      | 07 | without a scheme        | git::${GITHOST}/git/policies//deep                                         | source.first  |

  @source-08
  Scenario: a commit that its branch has left behind
    Given a git repository named "moving" with
      | main.rego | policy/first.rego |
    And the git repository "moving" has a newer commit with
      | main.rego | policy/second.rego |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["git::https://${GITHOST}/git/moving.git?ref=${moving_BEFORE}"]}]} |
    Then the warnings are: source.first
    And the output should match the snapshot

  @source-09
  Scenario: an abbreviated commit is not found
    Given a git repository named "policies" with
      | main.rego | policy/first.rego |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git?ref=0123456"]}]} |
    Then the validation fails with the error
      """
      error cloning repository: reference not found
      """

  @source-10
  Scenario: one download, however many components and sources
    Given a conforming image "acceptance/other"
    And a conforming image "acceptance/third"
    And a git repository named "policies" with
      | deep/main.rego | policy/first.rego |
    And the policy configuration
      """
      sources:
        - {name: a, policy: ["git::https://${GITHOST}/git/policies.git//deep"]}
        - {name: b, policy: ["git::https://${GITHOST}/git/policies.git//deep"]}
      """
    When "validate image" is run
    Then the warnings are: third: source.first, source.first; other: source.first, source.first; app: source.first, source.first
    And the repository "policies" was cloned once
    And the output should match the snapshot
