@optional-dask
Feature: Images judged by a Dask cluster

  `--engine dask` has Dask workers judge images: those of a cluster that is there, or of one that is made for the
  run on this machine. Policies are fetched once, by the validator that was started. Whatever happens to a worker, no
  image is left out or counted twice, and the report is that of one process.

  Background:
    Given the usual flags "--images list.txt --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --effective-time 2031-01-01T00:00:00Z"
    And a list "list.txt" of the conforming images "acceptance/a", "acceptance/b" (as "two") and "acceptance/c"
    And a git repository named "policies" with
      | rules/main.rego | policy/named.rego |
    And the policy configuration "sources: [{policy: ['git::https://${GITHOST}/git/policies.git//rules']}]"

  @dask-01
  Scenario: the report of a cluster is that of one process, to the byte, and policies are fetched once
    When "validate image" is run with
      | --output | json |
    And "validate image" is run with
      | --engine    | dask |
      | --processes | 2    |
      | --output    | json |
    Then the exit status should be 0
    And the output is that of the first validation, byte for byte
    And one fetch asked for the git repository "policies"
    And standard error is empty
    And no temporary file is left

  @dask-02
  Scenario: what a worker was judging that is killed is judged again, and counted once
    Given every image waits before its layers
    When "validate image" starts with
      | --engine    | dask                               |
      | --processes | 2                                  |
      | --output    | ndjson=results.ndjson?ordered=true |
    And a worker that waits for the registry gets SIGKILL
    And no image waits any more
    And the validation ends
    Then the exit status should be 0
    And the lines of "results.ndjson" are
      | position | component | success |
      | 1        | Unnamed   | true    |
      | 3        | two       | true    |
      | 5        | Unnamed   | true    |

  @dask-03
  Scenario: when a worker hangs, the time-out ends all, and nothing is reported
    Given a cluster of Dask's
    And every image waits before its layers
    When "validate image" starts with
      | --engine    | dask         |
      | --scheduler | ${SCHEDULER} |
      | --timeout   | 15s          |
      | --output    | json         |
    And a worker that waits for the registry gets SIGSTOP
    And the validation ends
    Then the validation fails because of the time-out
    And nothing is reported
    And no temporary file is left

  @dask-04 @dask-04.<id>
  Scenario Outline: <signal> ends the cluster with the run
    Given every image waits before its layers
    When "validate image" starts with
      | --engine    | dask |
      | --processes | 2    |
    And a worker waits for the registry
    And the validation gets <signal>, and all its processes end
    Then the exit status should be <status>
    And standard error has only the lines
      """
      Error: interrupted
      """
    And no temporary file is left

    Examples:
      | id | signal  | status |
      | 1  | SIGINT  | 130    |
      | 2  | SIGTERM | 143    |

  @dask-12
  Scenario: the same in a cluster that is there
    Given a cluster of Dask's
    And every image waits before its layers
    When "validate image" starts with
      | --engine    | dask                               |
      | --scheduler | ${SCHEDULER}                       |
      | --output    | ndjson=results.ndjson?ordered=true |
    And a worker that waits for the registry gets SIGKILL
    And no image waits any more
    And the validation ends
    Then the exit status should be 0
    And the lines of "results.ndjson" are
      | position | component | success |
      | 1        | Unnamed   | true    |
      | 3        | two       | true    |
      | 5        | Unnamed   | true    |

  @dask-05
  Scenario: when the scheduler is lost, the error names it, and the run can be resumed
    Given a cluster of Dask's
    And "acceptance/c" waits before its layers
    When "validate image" starts with
      | --engine    | dask                  |
      | --scheduler | ${SCHEDULER}          |
      | --output    | ndjson=results.ndjson |
    And "results.ndjson" has 2 components
    And the configuration of "acceptance/c" is held
    And the scheduler gets SIGKILL
    And the validation ends
    And "acceptance/c" resumes
    Then the exit status should be 1
    And standard error has "Error: the connection to Dask's scheduler at ${SCHEDULER} was lost; what --output ndjson has written stays, and --resume continues from there"
    When "validate image" is run with
      | --resume | results.ndjson        |
      | --output | ndjson=results.ndjson |
    Then the exit status should be 0
    And the lines of "results.ndjson" are
      | position | component | success |
      | 1        | Unnamed   | true    |
      | 3        | two       | true    |
      | 5        | Unnamed   | true    |
    And the registry wasn't asked for the manifest of "acceptance/a"

  @dask-06
  Scenario: a scheduler that can't be reached
    Given the environment variable is set "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT=1s"
    When "validate image" is run with
      | --engine    | dask                  |
      | --scheduler | tcp://${NOBODY}       |
      | --output    | ndjson=results.ndjson |
    Then the exit status should be 1
    And standard error has "Error: unable to reach Dask's scheduler at tcp://${NOBODY}: "
    And the registry received no request

  @dask-07
  Scenario: a worker without room for the policy says so, and the other one judges
    Given a cluster of Dask's whose first worker can't write files of more than 1 MiB
    And a file "data/large.json" of 2 MiB
    And the policy configuration "sources: [{policy: ['git::https://${GITHOST}/git/policies.git//rules'], data: [./data]}]"
    When "validate image" is run with
      | --engine    | dask                               |
      | --scheduler | ${SCHEDULER}                       |
      | --output    | ndjson=results.ndjson?ordered=true |
    Then the exit status should be 0
    And the lines of "results.ndjson" are
      | position | component | success |
      | 1        | Unnamed   | true    |
      | 3        | two       | true    |
      | 5        | Unnamed   | true    |

  @dask-09
  Scenario: shards that clusters have judged are the run without shards
    When "validate image" is run with
      | --output | json=whole.json |
    And "validate image" is run with
      | --engine    | dask                           |
      | --processes | 2                              |
      | --shard     | 1/2                            |
      | --output    | ndjson=one.ndjson?ordered=true |
    And "validate image" is run with
      | --shard     | 2/2                            |
      | --output    | ndjson=two.ndjson              |
    And ec command is run with "merge two.ndjson one.ndjson --output json=merged.json"
    Then the exit status should be 0
    And the files "whole.json" and "merged.json" are equal

  @dask-10
  Scenario: workers together keep to the pace of a registry
    When "validate image" is run with
      | --engine            | dask |
      | --processes         | 2    |
      | --registry-requests | 10   |
      | --output            | json |
    Then the exit status should be 0
    And the registry was asked at most 10 times a second

  @dask-11 @dask-11.<id>
  Scenario Outline: flags that don't go together are refused: <flags>
    When ec command is run with "validate image --images list.txt --policy policy.yaml --public-key ${known_PUBLIC_KEY} <flags>"
    Then the exit status should be 1
    And standard error has "Error: <error>"
    And the registry received no request

    Examples:
      | id | flags                                         | error                                                                   |
      | 1  | --scheduler tcp://x:1                         | --scheduler names a cluster of Dask's: it needs --engine dask           |
      | 2  | --engine dask --scheduler tcp://x:1 --processes 2 | --processes is for workers that are made here: the cluster at --scheduler has its own |
      | 3  | --engine spark                                | invalid argument "spark" for "--engine" flag: must be processes or dask |
      | 4  | --engine dask --vsa-upload rekor@https://x    | --engine dask looks for no existing summaries: it needs --vsa-expiration 0 |
