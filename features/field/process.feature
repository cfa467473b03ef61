Feature: How a run ends

  Whatever a run is waiting for, a signal or the time-out ends it at once and leaves nothing behind. Output that can't
  be written is one clear error, and existing files are never replaced by something else.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a conforming image "acceptance/app"
    And a folder "rules" with
      | main.rego | policy/named.rego |
    And the policy configuration "sources: [{policy: [./rules]}]"

  @process-01 @process-01.<id>
  Scenario Outline: <signal> ends a run whose registry doesn't answer
    Given the registry never answers requests for manifests
    When "validate image" starts
    And the registry is being asked for "acceptance/app"
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
      | 3  | SIGHUP  | 129    |

  @process-06 @process-06.<id>
  Scenario Outline: <signal> ends a run that fetches a layer, and leaves no partial layer in the cache
    Given the environment variable is set "EC_CACHE=true"
    And 2 images that share a layer, read through <reader>
    And the first request for the shared layer is held in the middle
    When "validate image" starts
    And the shared layer is held
    And the validation gets <signal>, and all its processes end
    Then the exit status should be <status>
    And the cache directory has no temporary files
    And no temporary file is left

    Examples: input.image.files
      | id | signal | status | reader            |
      | 1  | SIGINT | 130    | input.image.files |

    Examples: ec.oci.image_files
      | id | signal  | status | reader             |
      | 2  | SIGTERM | 143    | ec.oci.image_files |

  @process-03 @process-03.<id>
  Scenario Outline: <signal> ends a run whose rules never finish
    Given a conforming image "acceptance/marker"
    And a file "rules/endless.rego" with
      """
      package endless

      import rego.v1

      deny contains "never" if {
        ec.oci.image_manifest("${REGISTRY}/acceptance/marker:latest")
        some i in numbers.range(1, 100000)
        some j in numbers.range(1, 100000)
        i * j == -1
      }
      """
    When "validate image" starts with
      | --image | ${REGISTRY}/acceptance/app |
    And the registry is being asked for "acceptance/marker"
    And the validation gets <signal>, and all its processes end
    Then the exit status should be <status>
    And no temporary file is left

    Examples:
      | id | signal  | status |
      | 1  | SIGINT  | 130    |
      | 2  | SIGTERM | 143    |

  @process-04
  Scenario: the time-out ends a run whose rules never finish
    Given a file "rules/endless.rego" with
      """
      package endless

      import rego.v1

      deny contains "never" if {
        some i in numbers.range(1, 100000)
        some j in numbers.range(1, 100000)
        i * j == -1
      }
      """
    When "validate image" starts with
      | --timeout | 2s |
    And the validation ends with all its processes
    Then the validation fails with the error
      """
      exceeded allowed execution time of 2s, the timeout can be adjusted using the --timeout command line argument
      """
    And no temporary file is left

  @process-05
  Scenario: the time-out ends a run that can't write its report
    Given "pipe" is a named pipe that nobody reads
    When "validate image" starts with
      | --output  | json=pipe |
      | --timeout | 2s        |
    And the validation ends with all its processes
    Then the validation fails with the error
      """
      exceeded allowed execution time of 2s, the timeout can be adjusted using the --timeout command line argument
      """
    And no temporary file is left

  @process-10 @process-10.<id>
  Scenario Outline: a report that can't be written because of <redirection> is an error
    Given the validator is started with "<redirection>"
    When "validate image" is run
    Then the validation fails with the error
      """
      write /dev/stdout: <reason>
      """

    Examples:
      | id | redirection | reason                  |
      | 1  | >/dev/full  | no space left on device |
      | 2  | >&-         | bad file descriptor     |

  @process-11
  Scenario: a report file on a full disk is an error, and the others are written
    When "validate image" is run with
      | --output | json=/dev/full   |
      | --output | json=report.json |
    Then the validation fails with the error
      """
      write /dev/full: no space left on device
      """
    And the file "report.json" is the report of "app" alone

  @process-12 @process-12.<id>
  Scenario Outline: a report file is written in spite of <redirection>
    Given the validator is started with "<redirection>"
    When "validate image" is run with
      | --output | json=report.json |
    Then the exit status should be 0
    And the file "report.json" is the report of "app" alone

    Examples:
      | id | redirection  |
      | 1  | <&-          |
      | 2  | >&-          |
      | 3  | 2>&-         |
      | 4  | <&- >&- 2>&- |
      | 5  | >/dev/full   |
      | 6  | 2>/dev/full  |

  @process-13 @process-13.<id>
  Scenario Outline: a report file that is a <kind> link remains one
    Given "report.json" is a <kind> link to "elsewhere.json"
    When "validate image" is run with
      | --output | json=report.json |
    Then the exit status should be 0
    And the file "elsewhere.json" is the report of "app" alone
    And "report.json" and "elsewhere.json" are the same file

    Examples:
      | id | kind     |
      | 1  | hard     |
      | 2  | symbolic |

  @process-14
  Scenario: a report file that is standard output is appended
    Given the validator is started with ">>both.txt"
    When "validate image" is run with
      | --output | appstudio        |
      | --output | json=/dev/stdout |
      | --output | appstudio        |
    Then the exit status should be 0
    And the lines of the file "both.txt" begin with
      | {"timestamp":   |
      | {"success":true |
      | {"timestamp":   |

  @process-20 @process-20.<id>
  Scenario Outline: "<words>" is not a command, and a suggestion is made
    When ec command is run with "<words>"
    Then the validation fails with the error
      """
      unknown command "<unknown>" for "… validate"

      Did you mean this?
      …<meant>

      Run '… validate --help' for usage.
      """
    And the registry received no request

    Examples:
      | id | words                             | unknown | meant |
      | 1  | validate imag --image example/app | imag    | image |
      | 2  | validate Inpt                     | Inpt    | input |
      | 3  | --debug validate inp file.json    | inp     | input |

  @process-21 @process-21.<id>
  Scenario Outline: invalid UTF-8 is escaped in errors of the command line: <flag>
    When ec command is run with the bytes "validate image <flag>=a\xffb"
    Then the command line is rejected with the error
      """
      invalid argument "a\xffb" for "<named>" flag: <reason> "a\xffb"<more>
      """

    Examples:
      | id | flag      | named        | reason                     | more             |
      | 1  | --workers | --workers    | strconv.ParseInt: parsing  | : invalid syntax |
      | 2  | --strict  | -s, --strict | strconv.ParseBool: parsing | : invalid syntax |
      | 3  | --timeout | --timeout    | time: invalid duration     |                  |

  @process-22
  Scenario: invalid UTF-8 is kept in an image's name
    When ec command is run with the bytes "validate image --image reg\xff/x:y --public-key ${known_PUBLIC_KEY} --policy policy.yaml --ignore-rekor"
    Then the validation fails with the error
      """
      error validating image reg\xff/x:y of component Unnamed: could not parse reference: reg\xff/x:y
      """
    And the log contains "unable to parse container image reg\xff/x:y: could not parse reference: reg\xff/x:y"
