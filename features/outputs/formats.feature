Feature: Formats for other tools, and texts that name files

  See docs/outputs.md.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor"
    And a folder "rules" with
      | a.rego | policy/mixed_results/a.rego |
    And the policy configuration "sources: [{policy: [./rules]}]"

  @outputs-01
  Scenario: SARIF has a result for each violation and warning, of which each names its rule and its image
    Given a conforming image "acceptance/app"
    When "validate image" is run with
      | --output | sarif |
    Then the exit status should be 1
    And the SARIF results are
      | a.r1 | error   | ${REGISTRY_IN_URI}/acceptance/app |
      | a.r1 | error   | ${REGISTRY_IN_URI}/acceptance/app |
      | a.r3 | warning | ${REGISTRY_IN_URI}/acceptance/app |

  @outputs-02
  Scenario: SARIF rules have titles, descriptions and help
    Given a conforming image "acceptance/app"
    When "validate image" is run with
      | --output | sarif |
      | --info   |       |
    Then the exit status should be 1
    And the SARIF rule "a.r1" has the title "Fails twice" and some help

  @outputs-03
  Scenario: findings are the same for the next build of an image, and others for another image
    Given a conforming image "acceptance/app"
    And a conforming image "acceptance/other"
    When "validate image" is run with
      | --output | sarif |
    Then the exit status should be 1
    And the SARIF fingerprints are all different

  @outputs-04
  Scenario: SARIF of files
    Given a file "folder/in put.json" with
      """
      {}
      """
    When ec command is run with "validate input 'folder/in put.json' --policy policy.yaml --output sarif=report.sarif --output json"
    Then the exit status should be 1
    And the SARIF results in "report.sarif" are
      | a.r1 | error   | folder/in%20put.json |
      | a.r1 | error   | folder/in%20put.json |
      | a.r3 | warning | folder/in%20put.json |

  @outputs-05
  Scenario: members of an image's files are in the order of their names
    Given a key pair named "known"
    And an OLM bundle image "acceptance/bundle" with the files
      | manifests/one.yaml | {zeta: 1, alpha: {x: 1, b: [{k: 1, i: 2}]}} |
      | manifests/two.json | {"zeta": 1, "alpha": 2}                     |
    And each image is signed and attested by the "known" key
    When "validate image" is run with
      | --output | policy-input |
    Then the exit status should be 1
    And the output has the text
      """
      "files":{"manifests/one.yaml":{"alpha":{"b":[{"i":2,"k":1}],"x":1},"zeta":1},"manifests/two.json":{"alpha":2,"zeta":1}}
      """

  @outputs-06
  Scenario: the folder that errors name ends in decimal digits
    Given a folder "rules" with
      | main.rego | server/attacks.rego |
    And a file "in.json" with
      """
      {"fails": true}
      """
    When ec command is run with "validate input in.json --policy policy.yaml"
    Then the exit status should be 1
    And standard error names a file in "/ec-work-[0-9]+/policy/"

  @outputs-07
  Scenario: a file whose name isn't UTF-8 has a location in SARIF
    Given a file "in.json" with
      """
      {}
      """
    And the file "in.json" gets the name "in\xff.json"
    When ec command is run with the bytes "validate input in\xff.json --policy policy.yaml --output sarif"
    Then the exit status should be 1
    And the SARIF results are
      | a.r1 | error   | in%EF%BF%BD.json |
      | a.r1 | error   | in%EF%BF%BD.json |
      | a.r3 | warning | in%EF%BF%BD.json |

  @outputs-08
  Scenario Outline: the report of <command> has a JSON Schema, which describes its members
    When ec command is run with "schema <name>"
    Then the exit status should be 0
    And the JSON Schema wants the members "<members>"

    Examples:
      | name           | command        | members                                                     |
      | validate-image | validate image | success, components, key, policy, ec-version, effective-time |
      | validate-input | validate input | success, filepaths, policy, ec-version, effective-time      |
      | validate-vsa   | validate vsa   | header, result, vsa_summary                                 |

  @outputs-09
  Scenario: a JSON Schema that there isn't
    When ec command is run with "schema validate-imag"
    Then the exit status should be 1
    And standard error is "Error: there is no schema "validate-imag" (there are …)\n"

  @outputs-10
  Scenario Outline: --trace=<kind> writes a <title> that only the user may read, and says where
    Given a file "in.json" with
      """
      {}
      """
    When ec command is run with "validate input --file in.json --policy policy.yaml --output json --trace=<kind>"
    Then the exit status should be 1
    And standard error is "Error: success criteria not met\nWrote <title> to: ${TMPDIR}/<file>.…\n"
    And the <title> "<file>" is one

    Examples:
      | kind | title             | file       |
      | cpu  | CPU profile       | cpuprofile |
      | mem  | memory profile    | memprofile |
      | perf | performance trace | perf       |

  @outputs-11
  Scenario: of several kinds of tracing each has its file, and the first of "all" and "none" decides
    When ec command is run with "version --trace=perf,cpu,mem"
    Then the exit status should be 0
    And standard error is "Wrote memory profile to: …\nWrote CPU profile to: …\nWrote performance trace to: …\n"
    When ec command is run with "version --trace=none,all"
    Then the exit status should be 0
    And standard error is empty
    When ec command is run with "version --trace=all,none"
    Then the exit status should be 0
    And the standard error has the line
      """
      Wrote memory profile to: …
      """
    And the standard error has the line
      """
      Wrote CPU profile to: …
      """
    And the standard error has the line
      """
      Wrote performance trace to: …
      """

  @outputs-12
  Scenario: without a folder for temporary files there is no profile, and no run
    Given the environment variable is set "TMPDIR=${TMPDIR}/nosuch"
    When ec command is run with "version --trace=cpu"
    Then the exit status should be 1
    And standard error is "…could not create CPU profile: open ${TMPDIR}/nosuch/cpuprofile.…: no such file or directory…\n"

  @outputs-13
  Scenario Outline: a public key at <place> is an error that says so
    Given a conforming image "acceptance/app"
    When "validate image" is run with
      | --public-key | <reference> |
    Then the validation fails with the error
      """
      <error>
      """
    And no manifest was fetched

    Examples:
      | place              | reference                  | error                                           |
      | AWS                | awskms:///alias/x          | loading URL: unrecognized scheme: awskms://     |
      | Google             | gcpkms://projects/p        | loading URL: unrecognized scheme: gcpkms://     |
      | Azure              | azurekms://v.example/x     | loading URL: unrecognized scheme: azurekms://   |
      | Vault              | hashivault://x             | loading URL: unrecognized scheme: hashivault:// |
      | GitLab             | gitlab://group/project     | could not find "GITLAB_TOKEN"                   |

  @outputs-14
  Scenario: an output without a format is text for files, and JSON for images
    Given a conforming image "acceptance/app"
    And a file "in.json" with
      """
      {}
      """
    When ec command is run with "validate input --file in.json --policy policy.yaml --output ?show-successes=true"
    Then the exit status should be 1
    And the output has the text
      """
      Input File: in.json
      """
    When "validate image" is run with
      | --output | ?show-successes=true |
    Then the exit status should be 1
    And the output has the text
      """
      {"success":false,"components":[{"name":"app",
      """

  @outputs-15
  Scenario: words that formats could take for their own syntax, in several files at once
    Given a conforming image "acceptance/app"
    And a folder "rules" with
      | a.rego | outputs/odd_words.rego |
    When "validate image" is run with
      | --effective-time | 2030-01-01T00:00:00Z      |
      | --info           |                           |
      | --show-successes |                           |
      | --color          |                           |
      | --output         | text=made.text            |
      | --output         | junit=made.xml,yaml       |
      | --output         | summary=made.summary      |
    Then the exit status should be 1
    And the file "made.text" should match the snapshot
    And the file "made.xml" should match the snapshot
    And the file "made.summary" should match the snapshot
    And the yaml output should match the snapshot

  @outputs-16
  Scenario: a file whose name isn't UTF-8 has a name in YAML
    Given a file "in.json" with
      """
      {}
      """
    And the file "in.json" gets the name "in\xff.json"
    When ec command is run with the bytes "validate input in\xff.json --policy policy.yaml --output yaml"
    Then the exit status should be 1
    And the YAML report is of "in\ufffd.json"

  @outputs-17 @outputs-17.01
  Scenario: control characters and line breaks in a message, in YAML
    Given a conforming image "acceptance/app"
    And a folder "rules" with
      | a.rego | outputs/control_characters.rego |
    When "validate image" is run with
      | --output | yaml |
    Then the exit status should be 1
    And the messages in YAML are
      | a\u2028b                                                                            |
      | \u0000\u0007\u001b[31m\u007f\u0085\u009b\u2028\u2029\ufeff\ufffe\ttab\r\nend ]]> |

  @outputs-17 @outputs-17.02
  Scenario: control characters and line breaks in a message, in JUnit
    Given a conforming image "acceptance/app"
    And a folder "rules" with
      | a.rego | outputs/control_characters.rego |
    When "validate image" is run with
      | --output | junit |
    Then the exit status should be 1
    And the messages in JUnit are
      | a\u2028b                                                                            |
      | \ufffd\ufffd\ufffd[31m\u007f\u0085\u009b\u2028\u2029\ufeff\ufffd\ttab\r\nend ]]> |
