Feature: Policy configurations that cannot be used

  The first line of each scenario's error names the place. Nothing is fetched and nothing is judged.

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
    And no image was judged

    Examples:
      | id | what                             | policy                                  | place              | rule |
      | 01 | members that nobody knows        | {"zz": 1, "aa": 2}                      |                    | additionalProperties: additionalProperties 'aa', 'zz' not allowed |
      | 02 | a misspelt member of a source    | sources: [{policyy: []}]                | /sources/0         | properties/sources/items/$ref/additionalProperties: additionalProperties 'policyy' not allowed |
      | 03 | a number for a text              | {"publicKey": 5}                        | /publicKey         | properties/publicKey/type: expected string, but got number |
      | 04 | rule data that is a list         | sources: [{ruleData: [1]}]              | /sources/0/ruleData | properties/sources/items/$ref/properties/ruleData/$ref/type: expected object, but got array |
      | 05 | a waiver of nothing              | sources: [{volatileConfig: {exclude: [{effectiveOn: x}]}}] | /sources/0/volatileConfig/exclude/0 | properties/sources/items/$ref/properties/volatileConfig/$ref/properties/exclude/items/$ref/required: missing properties: 'value' |
      | 06 | a number among criteria          | {"configuration": {"include": [5]}}     | /configuration/include/0 | properties/configuration/$ref/properties/include/items/type: expected string, but got number |
      | 07 | nothing where something must be  | name: null                              | /name              | properties/name/type: expected string, but got null |

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
    And no image was judged

    Examples:
      | id | what                        | policy                   | error |
      | 08 | JSON that ends too early    | {"sources": [            | unable to parse EnterpriseContractPolicySpec: error converting YAML to JSON: yaml: … |
      | 09 | YAML with a wrong indent    | a: b: c                  | unable to parse EnterpriseContractPolicySpec: error converting YAML to JSON: yaml: … |
      | 10 | an object for a list        | sources: {policy: []}    | unable to parse EnterpriseContractPolicySpec: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal object into Go struct field EnterpriseContractPolicySpec.sources of type []v1alpha1.Source |
      | 11 | a text                      | oci::${NOBODY}/policy    | unable to parse EnterpriseContractPolicySpec: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type v1alpha1.EnterpriseContractPolicySpec |
      | 12 | an empty file               | empty.yaml               | file empty.yaml is empty |
      | 13 | a file that isn't there     | absent.yaml              | unable to fetch EnterpriseContractPolicy: enterprisecontractpolicies.appstudio.redhat.com "absent.yaml" not found… |
      | 14 | a specification that is none | {"spec": "text"}        | spec is not a valid map structure |
