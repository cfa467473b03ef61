Feature: Output formats and targets

  The policy has results of each kind, with a code and without.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a conforming image "acceptance/app"
    And a folder "rules" with
      | a.rego | policy/mixed_results/a.rego |
      | b.rego | policy/mixed_results/b.rego |
    And the policy configuration "sources: [{name: rules, policy: [./rules]}]"

  @output-<id>
  Scenario Outline: <format>, with <flag>
    When "validate image" is run with
      | --output         | <format>             |
      | --effective-time | 2030-01-01T00:00:00Z |
      | <flag>           |                      |
    Then the exit status should be 1
    And the <kind> output should match the snapshot

    Examples:
      | id | format                   | kind | flag                    |
      | 01 | text                     | text | --info                  |
      | 02 | text                     | text | --show-successes=false  |
      | 03 | text                     | text | --show-policy-docs-link |
      | 04 | text?show-warnings=false | text | --info                  |
      | 05 | yaml                     | yaml | --info                  |
      | 06 | summary                  | json | --info                  |
      | 09 | junit                    | text | --info                  |
      | 10 | json                     | json | --show-warnings=false   |

  @output-<id>
  Scenario Outline: <format>, which contains the time of the run
    When "validate image" is run with
      | --output | <format> |
    Then the exit status should be 1
    And the <kind> output, with the time of the run, should match the snapshot

    Examples:
      | id | format           | kind |
      | 07 | summary-markdown | text |
      | 08 | appstudio        | json |

  @output-11
  Scenario: the statements that were verified
    When "validate image" is run with
      | --output | attestation |
    Then the exit status should be 1
    And the lines of the output should match the snapshot

  @output-12
  Scenario: several targets, one of them in an unknown format
    When "validate image" is run with
      | --output | nope             |
      | --output | json=report.json |
      | --output | text             |
      | --info   |                  |
    Then the exit status should be 1
    And the text output should match the snapshot
    And the file "report.json" is a report with the violations
      | code    | term   | message                                   |
      |         |        | Denies without a code                     |
      | a.r1    | t1     | Fails for t1                              |
      | a.r1    | t2, t3 | Fails for ["t2", "t3"]                    |
      | b.coded |        | Denies with a code that no annotation has |
    And standard error is "Error: "nope" is not a valid report format…\n"

  @output-13
  Scenario: invalid options
    When "validate image" is run with
      | --output | text?show-successes=zz |
    Then the exit status should be 1
    And standard error is "Error: strconv.ParseBool: parsing "zz": invalid syntax\n"

  @output-14
  Scenario: what rules print goes to the log, and only with --verbose
    Given the rules
      """
      package a
      deny contains "denied" if { print("seen:", input.component_name, {"a": 1}) }
      """
    When "validate image" is run with
      | --verbose |  |
    Then the violations are
      | code    | term   | message                                   |
      |         |        | Denies without a code                     |
      |         |        | denied                                    |
      | a.r1    | t1     | Fails for t1                              |
      | a.r1    | t2, t3 | Fails for ["t2", "t3"]                    |
      | b.coded |        | Denies with a code that no annotation has |
    And the log contains "[data.a.deny] "
    And the log contains "main.rego:2: seen: app {\"a\": 1}"
    When "validate image" is run
    Then the violations are
      | code    | term   | message                                   |
      |         |        | Denies without a code                     |
      |         |        | denied                                    |
      | a.r1    | t1     | Fails for t1                              |
      | a.r1    | t2, t3 | Fails for ["t2", "t3"]                    |
      | b.coded |        | Denies with a code that no annotation has |
    And standard error is "Error: success criteria not met\n"

  @output-15
  Scenario: each step of an evaluation in the log
    When "validate image" is run with
      | --trace=opa |  |
    Then the violations are
      | code    | term   | message                                   |
      |         |        | Denies without a code                     |
      | a.r1    | t1     | Fails for t1                              |
      | a.r1    | t2, t3 | Fails for ["t2", "t3"]                    |
      | b.coded |        | Denies with a code that no annotation has |
    And the log contains "level=trace"
    And the log contains "Enter data.a.deny = _"
    And the output should match the snapshot
