Feature: Endless nesting and output

  Anything nested deeper than 250 levels is a clear error: it never crashes the program, and it is never left out, which
  would hide it from rules. `ec` accepts up to 10,000 levels, and leaves out what is deeper.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"

  @inject-21
  Scenario Outline: a file of a layer, <levels> levels
    Given an image "acceptance/app" with a file nested <levels> levels deep
    And the policy configuration "sources: [{policy: [./rules]}]"
    And the rules
      """
      package a
      deny contains {"code": "a.no", "msg": "a file that nobody wants"} if input.image.files["manifests/deep.json"]
      warn contains {"code": "a.other", "msg": "says something"}
      """
    When "validate image" is run
    Then the validation fails with the error
      """
      …manifests/deep.json: …nested too deeply: more than 250 levels
      """

    Examples:
      | levels  |
      | 251     |
      | 10000   |
      | 10001   |
      | 1000000 |

  @inject-22
  Scenario: a file of 250 levels is shown
    Given an image "acceptance/app" with a file nested 250 levels deep
    And the policy configuration "sources: [{policy: [./rules]}]"
    And the rules
      """
      package a
      deny contains {"code": "a.no", "msg": "a file that nobody wants"} if input.image.files["manifests/deep.json"]
      """
    When "validate image" is run
    Then the violations are: a.no

  @inject-23
  Scenario Outline: values returned by a function and by rules, <levels> levels
    Given a conforming image "acceptance/app"
    And the policy configuration "sources: [{policy: [./rules]}]"
    And the rules
      """
      package a
      opened := concat("", ["[" | some _ in numbers.range(1, <levels>)])
      closed := concat("", ["]" | some _ in numbers.range(1, <levels>)])
      deny contains {"code": "a.deep", "msg": "deep", "value": json.unmarshal(concat("", [opened, closed]))}
      """
    When "validate image" is run
    Then the validation fails with the error
      """
      …the answer of data.a.deny is nested too deeply: more than 250 levels
      """

    Examples:
      | levels |
      | 250    |
      | 9000   |

  @inject-24
  Scenario Outline: the command line's <thing>
    Given a conforming image "acceptance/app"
    And a file "deep.json" nested 10000 levels deep
    And the policy configuration "sources: []"
    When "validate image" is run with
      | <flag> | <value> |
    Then the validation fails with the error
      """
      …nested too deeply: more than 250 levels
      """

    Examples:
      | thing    | flag        | value     |
      | policy   | --policy    | deep.json |
      | snapshot | --file-path | deep.json |

  @inject-25
  Scenario: a file as input
    Given a file "deep.json" nested 10000 levels deep
    And the rules
      """
      package a
      deny contains {"code": "a.no", "msg": "denied"}
      """
    When ec command is run with "validate input --file deep.json --policy {"sources": [{"policy": ["./rules"]}]}"
    Then the validation fails with the error
      """
      …exceeded max depth…
      """

  @inject-26
  Scenario: endless printing
    Given a conforming image "acceptance/app"
    And the policy configuration "sources: [{policy: [./rules]}]"
    And the rules
      """
      package a
      deny contains {"code": "a.no", "msg": "denied"} if {
        some number in numbers.range(1, 100000)
        print("still here", number)
        number == 100000
      }
      """
    When "validate image" is run with
      | --debug |  |
    Then the violations are: a.no
    And the log contains "more than 50000 lines or 8 MiB were printed or traced: the rest isn't shown"
