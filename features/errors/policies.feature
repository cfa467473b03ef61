Feature: Policies that cannot be used

  One error names the source and the cause, and there is no report.

  Background:
    Given the usual flags "--image ${REGISTRY}/acceptance/image --public-key ${known_PUBLIC_KEY} --ignore-rekor --output json"
    And a key pair named "known"
    And an image named "acceptance/image"
    And each image is signed and attested by the "known" key

  @policy-<id>
  Scenario Outline: the source can't be fetched: <what>
    Given a git repository named "policies" with
      | accepting/main.rego | happy_day.rego |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["git::https://<source>"]}]} |
    Then the validation fails with the error
      """
      <error>
      """

    Examples:
      | id | what                   | source                               | error                                             |
      | 01 | no such git repository | ${GITHOST}/git/nowhere.git           | error cloning repository: repository not found: … |
      | 02 | no such folder in it   | ${GITHOST}/git/policies.git//nowhere | path nowhere does not exist in the repository     |
      | 03 | no such branch         | ${GITHOST}/git/policies.git?ref=nope | error cloning repository: reference not found     |

  @policy-04
  Scenario: the source can't be fetched: nobody listens at its address
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["git::https://${NOBODY}/git/policies.git"]}]} |
    Then the validation fails with the error
      """
      error cloning repository: Get "https://${NOBODY}/git/policies.git/info/refs?service=git-upload-pack": dial tcp ${NOBODY}: connect: connection refused
      """

  @policy-<id>
  Scenario Outline: the rules can't be used: <what>
    Given a git repository named "policies" with
      | <file> | <example> |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git"]}]} |
    Then the validation fails with the error
      """
      error validating image ${REGISTRY}/acceptance/image of component Unnamed: <error>
      """

    Examples:
      | id | what                       | file      | example      | error                                                                     |
      | 05 | Rego that doesn't parse    | main.rego | broken.rego  | 1 error occurred: main.rego:6: rego_parse_error: …                        |
      | 06 | no Rego at all             | readme.md | broken.rego  | no rego files found in policy subdirectory                                |
      | 07 | a function that is unknown | main.rego | unknown.rego | policy compilation error: the policy references Rego built-in functions … |

  @policy-08
  Scenario: no such policy configuration in the cluster
    Given policy configuration named "ec-policy" with specification
      """
      {"sources": []}
      """
    When "validate image" is run with
      | --policy | acceptance/absent |
    Then the validation fails with the error
      """
      unable to fetch EnterpriseContractPolicy: enterprisecontractpolicies.appstudio.redhat.com "absent" not found…
      """
    And the cluster was asked for the policy configuration "absent"

  @policy-09
  Scenario: an unknown member
    When "validate image" is run with
      | --policy | {"foo": "bar"} |
    Then the validation fails with the error
      """
      jsonschema: '' does not validate with https://github.com/conforma/crds/api/v1alpha1/enterprise-contract-policy-spec#/$ref/additionalProperties: additionalProperties 'foo' not allowed
      """
