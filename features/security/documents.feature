Feature: Documents built to be expensive, or to be read as something else

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a folder "rules" with
      | main.rego | policy/label.rego |
    And the policy configuration "sources: [{policy: [./rules]}]"

  @form-40
  Scenario: a manifest with a different configuration embedded than it names
    Given an image "acceptance/app" whose manifest contains a different configuration of the same size
    When "validate image" is run
    Then the validation fails with the error
      """
      error validating image ${REGISTRY}/acceptance/app:latest of component app: error verifying sha256 checksum after reading …
      """

  @form-41
  Scenario: a configuration with too many values
    Given an image "acceptance/app" whose configuration has 2 million values
    When "validate image" is run
    Then the validation fails with the error
      """
      error validating image ${REGISTRY}/acceptance/app:latest of component app: configuration sha256:… has more than 1000000 values
      """

  @form-42 @form-42.<id>
  Scenario Outline: input files that grow when they are read: <what>
    Given a growing file "a.yaml": <what>
    When ec command is run with "validate input a.yaml --policy policy.yaml --output json"
    Then the validation fails with the error
      """
      error validating file a.yaml: evaluating policy: parse configurations: parser unmarshal: unmarshal yaml: error converting YAML to JSON: yaml: <error>, path: a.yaml
      """

    Examples:
      | id | what                                  | error                                |
      | 01 | a bomb of aliases                     | document contains excessive aliasing |
      | 02 | maps that are merged into one another | document contains excessive aliasing |
      | 03 | nested 100,000 levels deep            | nested too deeply: more than …       |
      | 04 | a million directives                  | more than 100 %TAG directives        |

  @form-43
  Scenario: too many directives in a file of a layer don't hide it from rules
    Given an image "acceptance/app" with a layer that has a file: 101 directives
    And the rules
      """
      package seen
      deny contains "a file that nobody wants" if input.image.files["manifests/a.yaml"]
      warn contains "an image"
      """
    When "validate image" is run
    Then the validation fails with the error
      """
      …manifests/a.yaml: yaml: more than 100 %TAG directives
      """
