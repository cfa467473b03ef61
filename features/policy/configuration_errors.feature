Feature: Policy configurations that cannot be used

  The first line of each error names the place. Nothing is fetched and nothing is validated.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a conforming image "acceptance/app"

  @schema-<id>
  Scenario Outline: the schema: <what>
    When "validate image" is run with
      | --policy | <policy> |
    Then the validation fails with the error
      """
      jsonschema: '<place>' does not validate with https://github.com/conforma/crds/api/v1alpha1/enterprise-contract-policy-spec#/$ref/<rule>
      """
    And no manifest was fetched

    Examples:
      | id | what                            | policy           | place      | rule                                                        |
      | 01 | an unknown member               | {"zz": 1}        |            | additionalProperties: additionalProperties 'zz' not allowed |
      | 03 | a number for a text             | {"publicKey": 5} | /publicKey | properties/publicKey/type: expected string, but got number  |
      | 07 | nothing where something must be | name: null       | /name      | properties/name/type: expected string, but got null         |

  @schema-02
  Scenario: the schema: a misspelt member of a source
    When "validate image" is run with
      | --policy | sources: [{policyy: []}] |
    Then the validation fails with the error
      """
      jsonschema: '/sources/0' does not validate with https://github.com/conforma/crds/api/v1alpha1/enterprise-contract-policy-spec#/$ref/properties/sources/items/$ref/additionalProperties: additionalProperties 'policyy' not allowed
      """
    And no manifest was fetched

  @schema-04
  Scenario: the schema: rule data that is a list
    When "validate image" is run with
      | --policy | sources: [{ruleData: [1]}] |
    Then the validation fails with the error
      """
      jsonschema: '/sources/0/ruleData' does not validate with https://github.com/conforma/crds/api/v1alpha1/enterprise-contract-policy-spec#/$ref/properties/sources/items/$ref/properties/ruleData/$ref/type: expected object, but got array
      """
    And no manifest was fetched

  @schema-05
  Scenario: the schema: a waiver of nothing
    When "validate image" is run with
      | --policy | sources: [{volatileConfig: {exclude: [{effectiveOn: x}]}}] |
    Then the validation fails with the error
      """
      jsonschema: '/sources/0/volatileConfig/exclude/0' does not validate with https://github.com/conforma/crds/api/v1alpha1/enterprise-contract-policy-spec#/$ref/properties/sources/items/$ref/properties/volatileConfig/$ref/properties/exclude/items/$ref/required: missing properties: 'value'
      """
    And no manifest was fetched

  @schema-06
  Scenario: the schema: a number among criteria
    When "validate image" is run with
      | --policy | {"configuration": {"include": [5]}} |
    Then the validation fails with the error
      """
      jsonschema: '/configuration/include/0' does not validate with https://github.com/conforma/crds/api/v1alpha1/enterprise-contract-policy-spec#/$ref/properties/configuration/$ref/properties/include/items/type: expected string, but got number
      """
    And no manifest was fetched

  @schema-<id>
  Scenario Outline: no configuration: <what>
    Given a file "empty.yaml" with
      """
      """
    And there is a cluster
    When "validate image" is run with
      | --policy | <policy> |
    Then the validation fails with the error
      """
      <error>
      """
    And no manifest was fetched

    Examples:
      | id | what                         | policy           | error                                                                                |
      | 08 | JSON that ends too early     | {"sources": [    | unable to parse EnterpriseContractPolicySpec: error converting YAML to JSON: yaml: … |
      | 09 | YAML with a wrong indent     | a: b: c          | unable to parse EnterpriseContractPolicySpec: error converting YAML to JSON: yaml: … |
      | 12 | an empty file                | empty.yaml       | file empty.yaml is empty                                                             |
      | 14 | a specification that is none | {"spec": "text"} | spec is not a valid map structure                                                    |

  @schema-10
  Scenario: no configuration: an object for a list
    Given there is a cluster
    When "validate image" is run with
      | --policy | sources: {policy: []} |
    Then the validation fails with the error
      """
      unable to parse EnterpriseContractPolicySpec: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal object into Go struct field EnterpriseContractPolicySpec.sources of type []v1alpha1.Source
      """
    And no manifest was fetched

  @schema-11
  Scenario: no configuration: a text
    Given there is a cluster
    When "validate image" is run with
      | --policy | oci::${NOBODY}/policy |
    Then the validation fails with the error
      """
      unable to parse EnterpriseContractPolicySpec: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type v1alpha1.EnterpriseContractPolicySpec
      """
    And no manifest was fetched

  @schema-13
  Scenario: no configuration: a file that isn't there
    Given there is a cluster
    When "validate image" is run with
      | --policy | absent.yaml |
    Then the validation fails with the error
      """
      unable to fetch EnterpriseContractPolicy: enterprisecontractpolicies.appstudio.redhat.com "absent.yaml" not found…
      """
    And no manifest was fetched
