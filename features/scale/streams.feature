Feature: Many images

  A list names images that are judged while it is read. What comes of each is written at once, in parts if wanted, and
  a run that ended anywhere is resumed to the same end.

  Background:
    Given the usual flags "--policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --effective-time 2031-01-01T00:00:00Z"
    And a list "list.txt" of the conforming images "acceptance/a", "acceptance/b" (as "two") and "acceptance/c"
    And a folder "rules" with
      | main.rego | policy/named.rego |
    And the policy configuration "sources: [{policy: [./rules]}]"

  @scale-01
  Scenario: each image of a list has its line, and is a snapshot of its own to the rules
    When "validate image" is run with
      | --images | list.txt                                |
      | --output | ndjson=results.ndjson?ordered=true      |
      | --output | policy-input=inputs.ndjson              |
    Then the exit status should be 0
    And the lines of "results.ndjson" are
      | position | component | success |
      | 1        | Unnamed   | true    |
      | 3        | two       | true    |
      | 5        | Unnamed   | true    |
    And the rules saw snapshots of 1 component in "inputs.ndjson"

  @scale-02 @scale-02.<id>
  Scenario Outline: a line that can't be read is named by its number, and the rest is judged: <what>
    Given a file "list.txt" with
      """
      ${REGISTRY}/acceptance/a
      <line>
      ${REGISTRY}/acceptance/b
      """
    When "validate image" is run with
      | --images | list.txt              |
      | --strict=false | |
      | --output | ndjson=results.ndjson |
    Then the exit status should be 1
    And standard error has "list.txt:2: <cause>"
    And the lines of "results.ndjson" are
      | position | component | success |
      | 1        | Unnamed   | true    |
      | 2        | line 2    | false   |
      | 3        | Unnamed   | true    |

    Examples:
      | id | what                | line             | cause                                     |
      | 1  | no reference        | an image, please | not a reference to an image               |
      | 2  | broken JSON         | {"name": "b"     | unexpected end of JSON input              |
      | 3  | JSON without image  | {"name": "b"}    | no member "containerImage"                |
      | 4  | another type        | {"name": ["b"]}  | json: cannot unmarshal array              |

  @scale-03
  Scenario: what a list names again is judged and reported once
    Given a file "list.txt" with
      """
      ${REGISTRY}/acceptance/a
      ${REGISTRY}/acceptance/a
      {"name": "two", "containerImage": "${REGISTRY}/acceptance/a"}
      {"containerImage": "${REGISTRY}/acceptance/a"}
      """
    When "validate image" is run with
      | --images | list.txt              |
      | --output | ndjson=results.ndjson |
    Then the exit status should be 0
    And the lines of "results.ndjson" are
      | position | component | success |
      | 1        | Unnamed   | true    |
      | 3        | two       | true    |
    And standard error has "list.txt names 2 images again, which were judged once"

  @scale-04
  Scenario: a list on standard input
    Given the validator is started with "<list.txt"
    When "validate image" is run with
      | --images | -                                  |
      | --output | ndjson=results.ndjson?ordered=true |
    Then the exit status should be 0
    And the lines of "results.ndjson" are
      | position | component | success |
      | 1        | Unnamed   | true    |
      | 3        | two       | true    |
      | 5        | Unnamed   | true    |

  @scale-05
  Scenario: what is done is written at once, and not lost when the run is killed
    Given "acceptance/c" waits before its layers
    When "validate image" starts with
      | --images | list.txt              |
      | --output | ndjson=results.ndjson |
    And "results.ndjson" has 2 components
    And the validation gets SIGKILL and ends
    And "acceptance/c" resumes
    And "validate image" is run with
      | --images | list.txt              |
      | --resume | results.ndjson        |
      | --output | ndjson=results.ndjson |
      | --output | json=resumed.json     |
    Then the exit status should be 0
    And the lines of "results.ndjson" are
      | position | component | success |
      | 1        | Unnamed   | true    |
      | 3        | two       | true    |
      | 5        | Unnamed   | true    |
    And the registry was asked for
      | manifest | acceptance/c |
    And the registry wasn't asked for the manifest of "acceptance/a"

  @scale-06
  Scenario: a line that was torn off is cut away, and its image judged again
    When "validate image" is run with
      | --images | list.txt                           |
      | --output | ndjson=results.ndjson?ordered=true |
      | --output | json=whole.json                    |
    And all of "results.ndjson" behind the middle of the line of 3 is lost
    And "validate image" is run with
      | --images | list.txt                           |
      | --resume | results.ndjson                     |
      | --output | ndjson=results.ndjson?ordered=true |
      | --output | json=resumed.json                  |
    Then the exit status should be 0
    And the lines of "results.ndjson" are
      | position | component | success |
      | 1        | Unnamed   | true    |
      | 3        | two       | true    |
      | 5        | Unnamed   | true    |
    And the files "whole.json" and "resumed.json" are equal
    And the registry was asked for
      | manifest | acceptance/b |
    And the registry wasn't asked for the manifest of "acceptance/a"

  @scale-16
  Scenario: images that a list no longer names no longer count
    When "validate image" is run with
      | --images | list.txt              |
      | --output | ndjson=results.ndjson |
    And the last line of "list.txt" is lost
    And "validate image" is run with
      | --images | list.txt              |
      | --resume | results.ndjson        |
      | --output | ndjson=results.ndjson |
      | --output | json=resumed.json     |
    And ec command is run with "merge results.ndjson --output json=merged.json"
    Then the exit status should be 0
    And the files "resumed.json" and "merged.json" are equal

  @scale-07
  Scenario: another policy judges all again
    When "validate image" is run with
      | --images | list.txt              |
      | --output | ndjson=results.ndjson |
    And the rules in "rules" now deny everything
    And "validate image" is run with
      | --images | list.txt              |
      | --resume | results.ndjson        |
      | --output | ndjson=results.ndjson |
    Then the exit status should be 1
    And the lines of "results.ndjson" are
      | position | component | success |
      | 1        | Unnamed   | false   |
      | 3        | two       | false   |
      | 5        | Unnamed   | false   |

  @scale-08
  Scenario: what a failing registry kept from being decided is judged again
    Given the registry answers with status 503 when asked for the signatures of "acceptance/b"
    When "validate image" is run with
      | --images          | list.txt              |
      | --output          | ndjson=results.ndjson |
      | --retry-max-retry | 0                     |
    Given no request for "acceptance/b" fails any more
    When "validate image" is run with
      | --images | list.txt              |
      | --resume | results.ndjson        |
      | --output | ndjson=results.ndjson |
      | --output | json=report.json      |
    Then the exit status should be 0
    And the registry was asked for
      | signature | acceptance/b |
    And the registry wasn't asked for the manifest of "acceptance/a"

  @scale-09
  Scenario: shards, in any order of files and lines, are the run without shards
    Given the rules deny "two"
    When "validate image" is run with
      | --images | list.txt        |
      | --output | json=whole.json |
    And "validate image" is run with
      | --images       | list.txt                                      |
      | --shard        | 1/2                                           |
      | --strict=false |                                               |
      | --output       | ndjson=one.ndjson?documents=true&ordered=true |
    And "validate image" is run with
      | --images       | list.txt                                      |
      | --shard        | 2/2                                           |
      | --strict=false |                                               |
      | --output       | ndjson=two.ndjson?documents=true&ordered=true |
    And the lines of "one.ndjson" come in the opposite order
    And the lines of "two.ndjson" come in the opposite order
    And ec command is run with "merge two.ndjson one.ndjson --output json=merged.json --output ndjson=merged.ndjson"
    Then the exit status should be 1
    And standard error has "Error: success criteria not met"
    And the files "whole.json" and "merged.json" are equal
    And the lines of "merged.ndjson" are
      | position | component | success |
      | 1        | Unnamed   | true    |
      | 3        | two       | false   |
      | 5        | Unnamed   | true    |
    And the lines of "merged.ndjson" come in the order of the list

  @scale-10 @scale-10.<id>
  Scenario Outline: a shard that is <what> is an error
    When "validate image" is run with
      | --images | list.txt          |
      | --shard  | 1/2               |
      | --output | ndjson=one.ndjson |
    And "validate image" is run with
      | --images | list.txt          |
      | --shard  | 2/2               |
      | --output | ndjson=two.ndjson |
    And ec command is run with "merge <files> --output json"
    Then the exit status should be 1
    And standard error has "Error: <error>"

    Examples:
      | id | what        | files                            | error                                                      |
      | 1  | missing     | two.ndjson                       | there are shards missing: 1/2                              |
      | 2  | there twice | one.ndjson two.ndjson two.ndjson | shard 2/2 is there twice: in two.ndjson and in two.ndjson  |

  @scale-11
  Scenario: a shard whose run was ended is no whole one
    When "validate image" is run with
      | --images | list.txt              |
      | --output | ndjson=results.ndjson |
    And the last line of "results.ndjson" is lost
    And ec command is run with "merge results.ndjson --output json"
    Then the exit status should be 1
    And standard error has "Error: results.ndjson has no end: its run was ended before; continue it with --resume"

  @scale-12
  Scenario: a full disk ends the run
    When "validate image" is run with
      | --images | list.txt         |
      | --output | ndjson=/dev/full |
    Then the exit status should be 1
    And standard error has "Error: write /dev/full: no space left on device"

  @scale-13
  Scenario: no text breaks a line
    Given a file "list.ndjson" with
      """
      {"name": "a\n\u0085\u2028\u2029\r\u000b\"}{\"type\":\"summary\"", "containerImage": "${REGISTRY}/acceptance/a"}
      """
    When "validate image" is run with
      | --images | list.ndjson           |
      | --output | ndjson=results.ndjson |
    Then the exit status should be 0
    And "results.ndjson" has 1 component, whatever ends a line

  @scale-14
  Scenario: an index in a list brings its images
    Given an image "acceptance/index" for the architectures "amd64, arm64", all conforming
    And a file "list.txt" with
      """
      ${REGISTRY}/acceptance/index
      """
    When "validate image" is run with
      | --images | list.txt              |
      | --output | ndjson=results.ndjson |
    Then the exit status should be 0
    And "results.ndjson" has 3 components, whatever ends a line

  @scale-15 @scale-15.<id>
  Scenario Outline: a registry that doesn't answer leaves others their places, of <processes>
    Given "acceptance/a" waits before its layers
    And a file "list.txt" with
      """
      {"name": "slow-1", "containerImage": "localhost:${REGISTRY_PORT}/acceptance/a"}
      {"name": "slow-2", "containerImage": "localhost:${REGISTRY_PORT}/acceptance/a"}
      {"name": "slow-3", "containerImage": "localhost:${REGISTRY_PORT}/acceptance/a"}
      ${REGISTRY}/acceptance/b
      ${REGISTRY}/acceptance/c
      """
    When "validate image" starts with
      | --images    | list.txt              |
      | --workers   | 1                     |
      | --processes | <number>              |
      | --output    | ndjson=results.ndjson |
    And "results.ndjson" has 2 components
    And "acceptance/a" resumes
    And the validation ends
    Then the exit status should be 0
    And the lines of "results.ndjson" are
      | position | component | success |
      | 1        | slow-1    | true    |
      | 2        | slow-2    | true    |
      | 3        | slow-3    | true    |
      | 4        | Unnamed   | true    |
      | 5        | Unnamed   | true    |

    Examples:
      | id | processes     | number |
      | 1  | one process   | 1      |
      | 2  | two processes | 2      |
