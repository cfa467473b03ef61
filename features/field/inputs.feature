Feature: Input files and folders as users have them

  Folders contain links, pipes and files of unknown kinds, and files contain several documents. Each is read, skipped or
  rejected, and always for all rules alike.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a folder "rules" with
      | main.rego | policy/input.rego |
    And the policy configuration "sources: [{policy: [./rules]}]"

  @form-20
  Scenario: in subfolders, unknown kinds of files are skipped
    Given a file "in/a.json" with
      """
      1
      """
    And a file "in/.git/HEAD" with
      """
      ref: refs/heads/main
      """
    And a file "in/chart/templates/NOTES.txt" with
      """
      {{ notes }}
      """
    And a file "in/chart/values.yaml" with
      """
      b: 2
      """
    When ec command is run with "validate input in --policy policy.yaml --output json"
    Then the rules saw
      | a.json 1            |
      | values.yaml {"b":2} |

  @form-21
  Scenario: at the top of a folder, unknown kinds of files are errors
    Given a file "in/a.json" with
      """
      1
      """
    And a file "in/NOTES.txt" with
      """
      notes
      """
    When ec command is run with "validate input in --policy policy.yaml --output json"
    Then the validation fails with the error
      """
      error validating file in: evaluating policy: parse configurations: new parser: new: unknown parser: txt, path: in/NOTES.txt
      """

  @form-22
  Scenario: links are followed, each folder once
    Given a file "in/s/a.json" with
      """
      1
      """
    And a file "out/b.json" with
      """
      2
      """
    And a link "in/s/folder" that leads to "../../out"
    And a link "in/s/again" that leads to "folder"
    And a link "in/s/file.txt" that leads to "../../out/b.json"
    And a link "in/s/up" that leads to ".."
    When ec command is run with "validate input in --policy policy.yaml --output json"
    Then the rules saw
      | a.json 1 |
      | b.json 2 |

  @form-23 @form-23.<id>
  Scenario Outline: file extensions in any case: <name>
    Given a file "in/s/<name>" with
      """
      {"a": 1}
      """
    And a file "in/b.json" with
      """
      2
      """
    When ec command is run with "validate input in --policy policy.yaml --output json"
    Then the rules saw
      | <name> {"a":1} |
      | b.json 2       |

    Examples:
      | id | name   |
      | 01 | A.JSON |
      | 02 | A.Yml  |
      | 03 | A.YAML |

  @form-24
  Scenario: data files, too
    Given a file "data/A.JSON" with
      """
      {"a": 1}
      """
    And a file "data/B.YML" with
      """
      b: 1
      """
    When ec command is run with "inspect policy-data --source ./data"
    Then the exit status should be 0
    And standard output is {"a":1,"b":1}

  @form-25 @form-25.<id>
  Scenario Outline: documents of one file: <what>
    Given a file "a.yaml" with
      """
      <first>
      <second>
      <third>
      b: 2
      """
    When ec command is run with "validate input a.yaml --policy policy.yaml --output json"
    Then the rules saw
      | a.yaml {"a":1} |
      | a.yaml {"b":2} |

    Examples:
      | id | what                          | first | second | third     |
      | 01 | parted by dashes              | # a   | a: 1   | ---       |
      | 02 | parted by dashes and a remark | # a   | a: 1   | --- # b   |
      | 03 | parted by dashes and a blank  | ---   | a: 1   | --- !!map |

  @form-26 @form-26.<id>
  Scenario Outline: a directive belongs to the document after it: <directive>
    Given a file "a.yaml" with
      """
      <directive>
      ---
      a: 1
      """
    When ec command is run with "validate input a.yaml --policy policy.yaml --output json"
    Then the rules saw
      | a.yaml {"a":1} |

    Examples:
      | id | directive                      |
      | 01 | %YAML 1.1                      |
      | 02 | %YAML 1.2                      |
      | 03 | %TAG !e! tag:example.com,2000: |

  @form-27
  Scenario: a pipe in a folder
    Given a file "in/a.json" with
      """
      1
      """
    And a pipe "in/s/b.json"
    When ec command is run with "validate input in --policy policy.yaml --output json"
    Then the validation fails with the error
      """
      error validating file in: evaluating policy: parse files: get files from directory: open in/s/b.json: not a regular file
      """

  @form-28 @form-28.01
  Scenario: a policy that isn't there is reported as a file, too
    Given a conforming image "acceptance/app"
    And there is a cluster
    When "validate image" is run with
      | --policy | absent.yaml |
    Then the validation fails with the error
      """
      unable to fetch EnterpriseContractPolicy: … (no such file: "absent.yaml"; it was taken for a name in the cluster)
      """

  @form-28 @form-28.02
  Scenario: a snapshot that isn't there is reported as a file, too
    Given a conforming image "acceptance/app"
    And there is a cluster
    When "validate image" is run with
      | --images | absent.yaml |
    Then the validation fails with the error
      """
      unable to parse Snapshot specification from absent.yaml: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type v1alpha1.SnapshotSpec (absent.yaml: no such file or directory; it was taken for the specification itself)
      """

  @form-29
  Scenario: an unknown format lists the known ones
    Given a conforming image "acceptance/app"
    When "validate image" is run with
      | --output | html |
    Then the validation fails with the error
      """
      "html" is not a valid report format (there are json, yaml, text, …)
      """
