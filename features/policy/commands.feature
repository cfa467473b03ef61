Feature: Validating files, and inspecting policies

  `validate input` validates files by the rules of a policy, and `inspect` shows what sources contain. See
  docs/commands.md.

  Background:
    Given a folder "." with the files of "commands"
    And a folder "rules" with the files of "policy/mixed_results"

  @command-<id>
  Scenario Outline: files are validated: <what>
    When ec command is run with "validate input one.json two.yaml --policy judged.yaml --output <output> <more>"
    Then the exit status should be <status>
    And the <output> output should match the snapshot

    Examples:
      | id | what                                          | output  | more                                     | status |
      | 01 | as JSON                                       | json    |                                          | 1      |
      | 02 | with all that is known                        | json    | --info --show-successes                  | 1      |
      | 03 | as YAML                                       | yaml    |                                          | 1      |
      | 04 | for people                                    | text    | --show-successes --show-policy-docs-link | 1      |
      | 05 | in short                                      | summary |                                          | 1      |
      | 06 | without warnings, which aren't counted either | text    | --show-warnings=false                    | 1      |
      | 07 | a failure that doesn't count                  | json    | --strict=false --show-warnings=false     | 0      |

  @command-<id>
  Scenario Outline: what rules see of <what>
    When ec command is run with "validate input <files> --policy shown.yaml --output json"
    Then the exit status should be 0
    And the json output should match the snapshot

    Examples:
      | id | what                                          | files                              |
      | 08 | JSON: numbers are 64-bit floats               | one.json                           |
      | 09 | YAML: version 1.1                             | two.yaml                           |
      | 10 | a list: its elements, one after the other     | list.json                          |
      | 11 | several documents of a file                   | several.yaml                       |
      | 12 | several files, each once, the last name first | list.json one.json one.json        |
      | 13 | files named in the old way                    | list.json --file one.json,two.yaml |

  @command-14
  Scenario: an empty list passes
    Given a file "nothing.json" with
      """
      []
      """
    When ec command is run with "validate input nothing.json --policy judged.yaml --output json --show-successes"
    Then the exit status should be 0
    And the json output should match the snapshot

  @command-15
  Scenario: all files of a directory are validated together
    Given a file "files/a.json" with
      """
      {"in": "a"}
      """
    And a file "files/deep/b.yaml" with
      """
      in: b
      """
    When ec command is run with "validate input files --policy shown.yaml --output json"
    Then the exit status should be 0
    And the json output should match the snapshot

  @command-<id>
  Scenario Outline: no report: <what>
    When ec command is run with "validate input <arguments>"
    Then the validation fails with the error
      """
      <error>
      """

    Examples:
      | id | what | arguments | error |
      | 16 | no file named | --policy judged.yaml | at least one input file must be specified as a positional argument or via the --file flag |
      | 17 | no policy named | one.json | required flag(s) "policy" not set |
      | 18 | no such file | missing.json --policy judged.yaml | error validating file missing.json: unable to parse the provided input file: missing.json |
      | 21 | an unknown format | one.json --policy judged.yaml --output junit | "junit" is not a valid report format… |
      | 22 | a server and files | one.json --policy judged.yaml --server | --server and input files are mutually exclusive |

  @command-<id>
  Scenario Outline: no report: a file that is <what>
    Given a file "<file>" with
      """
      {"a":
      """
    When ec command is run with "validate input <file> --policy judged.yaml"
    Then the validation fails with the error
      """
      error validating file <file>: evaluating policy: parse configurations: <error>, path: <file>
      """

    Examples:
      | id | what                     | file     | error                                                          |
      | 19 | neither JSON nor YAML    | text.txt | new parser: new: unknown parser: txt                           |
      | 20 | JSON that ends too early | bad.json | parser unmarshal: unmarshal json: unexpected end of JSON input |

  @command-<id>
  Scenario Outline: rules are listed: <what>
    When ec command is run with "inspect policy --output <output> <more>"
    Then the exit status should be 0
    And the <kind> output should match the snapshot

    Examples:
      | id | what                      | output      | kind | more                                                               |
      | 23 | for people                | text        | text | --source ./described                                               |
      | 24 | rules without annotations | text        | text | --source ./rules --source ./bare                                   |
      | 25 | by their names            | names       | text | --source ./described --source ./bare                               |
      | 26 | by their short names      | short-names | text | --source ./described                                               |
      | 27 | with all that OPA knows   | json        | json | --source ./described                                               |
      | 28 | by code                   | names       | text | --source ./described --rule release.described.second               |
      | 29 | by short name, or package | names       | text | --source ./described --source ./shown --rule first --package shown |
      | 30 | by collection             | names       | text | --source ./described --collection full                             |
      | 31 | none of that name         | json        | json | --source ./described --package nothing                             |

  @command-32
  Scenario: the sources of a policy are inspected
    When ec command is run with "inspect policy --policy {"sources": [{"policy": ["./described"]}, {"policy": ["./shown", "./described"]}]}"
    Then the exit status should be 0
    And the text output should match the snapshot

  @command-<id>
  Scenario Outline: nothing is listed: <what>
    Given a file "data/one.json" with
      """
      {"a": 1}
      """
    When ec command is run with "inspect <arguments>"
    Then the validation fails with the error
      """
      <error>
      """

    Examples:
      | id | what | arguments | error |
      | 33 | no such source | policy --source ./missing | source file does not exist: stat ./missing: no such file or directory |
      | 34 | an unknown format | policy --source ./rules --output xml | invalid value for --output 'xml'. accepted values: json, text, names, short-names |
      | 35 | a source with no rules | policy --source ./data | no rego files found in policy subdirectory |
      | 36 | data of nothing | policy-data | required flag(s) "source" not set |
      | 37 | the same data twice | policy-data --source ./data --source ./data | Merge error. The 'a' key was found more than once! |

  @command-<id>
  Scenario Outline: data as <kind>
    Given a file "data/one.json" with
      """
      {"a": 1.50, "deep": {"b": [1, "<&>"]}}
      """
    And a file "data/below/two.yml" with
      """
      big: 12345678901234567890
      yes: 1e3
      """
    When ec command is run with "inspect policy-data --source ./data --output <kind>"
    Then the exit status should be 0
    And the <kind> output should match the snapshot

    Examples:
      | id | kind |
      | 38 | json |
      | 39 | yaml |
