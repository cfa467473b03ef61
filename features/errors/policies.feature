Feature: Policies that cannot be used

  Background:
    Given a key pair named "known"
    And an image named "acceptance/image"
    And a valid image signature of "acceptance/image" image signed by the "known" key
    And a valid attestation of "acceptance/image" signed by the "known" key
    And a git repository named "policies" with
      | accepting/main.rego | happy_day.rego |
      | broken/main.rego    | broken.rego    |
      | unknown/main.rego   | unknown.rego   |
      | empty/readme.md     | broken.rego    |

  @policy-<id>
  Scenario Outline: <what>
    When "validate image" is run with
      | --image        | ${REGISTRY}/acceptance/image                          |
      | --policy       | {"sources": [{"policy": ["git::https://<source>"]}]}  |
      | --public-key   | ${known_PUBLIC_KEY}                                   |
      | --ignore-rekor |                                                       |
      | --output       | json                                                  |
    Then the validation fails with the error
      """
      <error>
      """

    Examples: the source cannot be had
      | id | what                           | source                                    | error                                                                                                                                               |
      | 01 | no such git repository         | ${GITHOST}/git/nowhere.git                | error cloning repository: repository not found: …                                                                                                   |
      | 02 | no such folder in it           | ${GITHOST}/git/policies.git//nowhere      | path nowhere does not exist in the repository                                                                                                       |
      | 03 | no such branch                 | ${GITHOST}/git/policies.git?ref=nope      | error cloning repository: reference not found                                                                                                       |
      | 04 | nobody listens at its address  | ${NOBODY}/git/policies.git                | error cloning repository: Get "https://${NOBODY}/git/policies.git/info/refs?service=git-upload-pack": dial tcp ${NOBODY}: connect: connection refused |

    Examples: the rules cannot be used
      | id | what                           | source                                    | error                                                                                                                                               |
      | 05 | Rego that doesn't parse        | ${GITHOST}/git/policies.git//broken       | error validating image ${REGISTRY}/acceptance/image of component Unnamed: 1 error occurred: main.rego:6: rego_parse_error: …                         |
      | 06 | no Rego at all                 | ${GITHOST}/git/policies.git//empty        | error validating image ${REGISTRY}/acceptance/image of component Unnamed: no rego files found in policy subdirectory                                |
      | 07 | a function that doesn't exist  | ${GITHOST}/git/policies.git//unknown      | error validating image ${REGISTRY}/acceptance/image of component Unnamed: policy compilation error: the policy references Rego built-in functions … |

  @policy-08
  Scenario: no such policy configuration in the cluster
    Given policy configuration named "ec-policy" with specification
      """
      {"sources": []}
      """
    When "validate image" is run with
      | --image        | ${REGISTRY}/acceptance/image |
      | --policy       | acceptance/absent            |
      | --public-key   | ${known_PUBLIC_KEY}          |
      | --ignore-rekor |                              |
    Then the validation fails with the error
      """
      unable to fetch EnterpriseContractPolicy: enterprisecontractpolicies.appstudio.redhat.com "absent" not found…
      """
    And the cluster was asked for the policy configuration "absent"

  @policy-09
  Scenario: a member that policy configurations don't have
    When "validate image" is run with
      | --image        | ${REGISTRY}/acceptance/image |
      | --policy       | {"foo": "bar"}               |
      | --public-key   | ${known_PUBLIC_KEY}          |
      | --ignore-rekor |                              |
    Then the validation fails with the error
      """
      jsonschema: '' does not validate with https://github.com/conforma/crds/api/v1alpha1/enterprise-contract-policy-spec#/$ref/additionalProperties: additionalProperties 'foo' not allowed
      """
