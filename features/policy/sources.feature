Feature: Where policies are taken from, and as what they show in the report

  The repository `policies` has one version of its policy on the branch `main`, and another one since.

  Background:
    Given a conforming image "acceptance/app"
    And a git repository named "policies" with
      | main.rego      | policy/first.rego |
      | deep/main.rego | policy/first.rego |
    And the git repository "policies" has the tag "v1"
    And the git repository "policies" has the annotated tag "v1-signed"
    And the git repository "policies" has the branch "next" with
      | only/main.rego | policy/second.rego |

  @source-<id>
  Scenario Outline: git: <what>
    When the images are judged with
      | --policy | {"sources": [{"policy": ["<url>"]}]} |
    Then the warnings are: <warnings>
    And the output should match the snapshot
    And the git repository "policies" was fetched

    Examples:
      | id | what                    | url                                                               | warnings      |
      | 01 | the default branch      | git::https://${GITHOST}/git/policies.git//deep                    | source.first  |
      | 02 | a branch                | git::https://${GITHOST}/git/policies.git//only?ref=next            | source.second |
      | 03 | a tag                   | git::https://${GITHOST}/git/policies.git//deep?ref=v1             | source.first  |
      | 04 | an annotated tag        | git::https://${GITHOST}/git/policies//deep?ref=v1-signed          | source.first  |
      | 05 | a reference's full name | git::https://${GITHOST}/git/policies.git//deep?ref=refs/heads/next&depth=1 | source.first |
      | 06 | a commit                | git::https://${GITHOST}/git/policies.git//deep?ref=${policies_COMMIT} | source.first |
      | 07 | without a scheme        | git::${GITHOST}/git/policies//deep                                | source.first  |

  @source-08
  Scenario: a commit that its branch has left behind
    Given a git repository named "moving" with
      | main.rego | policy/first.rego |
    And the git repository "moving" moved on to
      | main.rego | policy/second.rego |
    When the images are judged with
      | --policy | {"sources": [{"policy": ["git::https://${GITHOST}/git/moving.git?ref=${moving_BEFORE}"]}]} |
    Then the warnings are: source.first
    And the output should match the snapshot

  @source-09
  Scenario: half of a commit's name is no name
    When the images are judged with
      | --policy | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git?ref=0123456"]}]} |
    Then the validation fails with the error
      """
      error cloning repository: reference not found
      """

  @source-10
  Scenario: one download, however many components and sources
    Given a conforming image "acceptance/other"
    And a conforming image "acceptance/third"
    When the images are judged with
      | --policy | {"sources": [{"name": "a", "policy": ["git::https://${GITHOST}/git/policies.git//deep"]}, {"name": "b", "policy": ["git::https://${GITHOST}/git/policies.git//deep"]}]} |
    Then the warnings are: third: source.first source.first; other: source.first source.first; app: source.first source.first
    And the repository "policies" was cloned once
    And the output should match the snapshot

  @source-<id>
  Scenario Outline: artifacts in a registry: <what>
    Given a policy artifact "acceptance/rules" tagged "latest" with
      | deep/main.rego | policy/second.rego |
    And a policy artifact "acceptance/rules" tagged "v1" with
      | deep/main.rego | policy/first.rego |
    When the images are judged with
      | --policy | {"sources": [{"policy": ["<url>"]}]} |
    Then the warnings are: <warnings>
    And the output should match the snapshot

    Examples:
      | id | what                     | url                                               | warnings      |
      | 11 | a tag                    | oci::${REGISTRY}/acceptance/rules:v1              | source.first  |
      | 12 | without one              | oci://${REGISTRY}/acceptance/rules                | source.second |
      | 13 | a digest                 | oci::${REGISTRY}/acceptance/rules@${rules_DIGEST} | source.first  |
      | 14 | known by its address     | ${REGISTRY}/acceptance/rules:v1                   | source.first  |
      | 15 | with a needless scheme   | oci::https://${REGISTRY}/acceptance/rules:v1      | source.first  |

  @source-<id>
  Scenario Outline: folders: <what>
    Given a folder "rules" with
      | deep/main.rego   | policy/first.rego |
      | deep/other.txt   | broken.rego       |
      | deep/shouts.REGO | policy/first.rego |
    When the images are judged with
      | --policy | {"sources": [{"policy": ["<url>"]}]} |
    Then the validation fails with the error
      """
      error validating image ${REGISTRY}/acceptance/app:latest of component app: found a second rule with the same code: `source.first`
      """

    Examples:
      | id | what                                        | url           |
      | 16 | names in capitals are inspected too         | ./rules       |

  @source-<id>
  Scenario Outline: folders, <what>
    Given a folder "rules" with
      | deep/main.rego   | policy/first.rego |
    When the images are judged with
      | --policy | {"sources": [{"policy": ["<url>"]}]} |
    Then the warnings are: source.first
    And the output should match the snapshot

    Examples:
      | id | what                       | url               |
      | 17 | by their path              | rules             |
      | 18 | with a prefix              | file::rules/deep  |
      | 19 | as a URL                   | file://rules/deep |

  @source-<id>
  Scenario Outline: refused: <what>
    Given a folder "rules" with
      | main.rego | policy/first.rego |
    When the images are judged with
      | --policy | {"sources": [{"policy": ["<url>"]}]} |
    Then the validation fails with the error
      """
      <error>
      """
    And no image was judged

    Examples: before anything is judged
      | id | what                     | url                                    | error                                                                             |
      | 20 | plain http               | http://${GITHOST}/git/policies.git     | attempting to download from insecure source: http://${GITHOST}/git/policies.git   |
      | 21 | plain http behind git    | git::http://${GITHOST}/git/policies.git | attempting to download from insecure source: git::http://${GITHOST}/git/policies.git |
      | 22 | nothing that is known    | foo.example/policies                   | no gatherer found for URI: foo.example/policies                                   |
      | 23 | a folder that isn't there | ./nowhere                             | source file does not exist: stat ./nowhere: no such file or directory             |

  @source-24
  Scenario: an artifact that isn't there
    When the images are judged with
      | --policy | {"sources": [{"policy": ["oci::${REGISTRY}/acceptance/none:v1"]}]} |
    Then the validation fails with the error
      """
      pulling policy: failed to perform "FetchReference" on source: ${REGISTRY}/acceptance/none:v1: not found
      """

  @source-25
  Scenario: a single file is no policy
    Given a folder "rules" with
      | main.rego | policy/first.rego |
    When the images are judged with
      | --policy | {"sources": [{"policy": ["rules/main.rego"]}]} |
    Then the validation fails with the error
      """
      error validating image ${REGISTRY}/acceptance/app:latest of component app: no rego files found in policy subdirectory
      """
