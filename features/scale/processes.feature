Feature: Images judged in several processes

  `--processes 2` has two processes judge images. They ask for nothing twice, the report is that of one process, and
  whatever happens to one of them, nobody's verdict is invented and none of them is left.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --effective-time 2099-01-01T00:00:00Z --workers 3 --output json"
    And the environment variable is set "EC_CACHE=true"

  @processes-01 @processes-01.<id>
  Scenario Outline: a layer that two processes want at the same time is fetched once
    Given 4 images that share a layer, read through <reader>
    And the first request for the shared layer is held at the start
    When "validate image" is run, with the shared layer held until no request is in flight
      | --processes | 2 |
    Then the validation is correct
    And each layer was fetched exactly once
    And the registry was asked for nothing twice

    Examples:
      | id | reader             |
      | 1  | input.image.files  |
      | 2  | ec.oci.image_files |

  @processes-02
  Scenario: a manifest that rules want in two processes at the same time is asked for once
    Given an image "acceptance/base" with the files
      | only | etc/a.yaml | x: y |
    And a conforming image "acceptance/one"
    And a conforming image "acceptance/two"
    And the rules
      """
      package a
      warn contains digest if { digest := ec.oci.image_manifest("${REGISTRY}/acceptance/base@${base_DIGEST}").config.digest }
      """
    And the policy configuration "sources: [{policy: [./rules]}]"
    And a file "images.yaml" with
      """
      components:
        - {name: one, containerImage: "${REGISTRY}/acceptance/one"}
        - {name: two, containerImage: "${REGISTRY}/acceptance/two"}
      """
    And the first request for the manifest of "acceptance/base" is delayed by 1 s
    When "validate image" is run with
      | --images    | images.yaml |
      | --processes | 2           |
    Then the exit status should be 0
    And the manifest of "acceptance/base" was fetched exactly once
    And the registry was asked for nothing twice

  @processes-03
  Scenario: the report of two processes is that of one, to the byte
    Given 8 images that share a layer, read through both
    When "validate image" is run with
      | --processes | 1 |
    And "validate image" is run with
      | --processes | 2 |
    Then the validation is correct
    And the output is that of the first validation, byte for byte

  @processes-04
  Scenario: components that can't be judged are reported in the order of the input
    Given 1 image that shares a layer, read through input.image.files
    And a file "images.yaml" with
      """
      components:
        - {name: first, containerImage: "${REGISTRY}/acceptance/bundle-1:latest"}
        - {name: second, containerImage: "no reference 2"}
        - {name: third, containerImage: "no reference 3"}
        - {name: fourth, containerImage: "no reference 4"}
        - {name: fifth, containerImage: "no reference 5"}
      """
    When "validate image" is run with
      | --images    | images.yaml |
      | --processes | 2           |
    Then the exit status should be 1
    And standard error has only the lines
      """
      Error: error validating image no reference 2 of component second: could not parse reference: no reference 2
      error validating image no reference 3 of component third: could not parse reference: no reference 3
      error validating image no reference 4 of component fourth: could not parse reference: no reference 4
      error validating image no reference 5 of component fifth: could not parse reference: no reference 5
      """

  @processes-05
  Scenario: when one of them is killed, all end, and there is no report
    Given 4 images that share a layer, read through input.image.files
    And the first request for the shared layer is held in the middle
    When "validate image" starts with
      | --processes | 2 |
    And the shared layer is held
    And one of the 2 processes that judge images gets SIGKILL
    And the validation ends with all its processes
    Then the exit status should be 1
    And nothing is reported
    And standard error has only the lines
      """
      Error: one of the processes that judge images was ended by SIGKILL, so there is no report; there may have been too little memory for 2 of them
      """
    And the cache directory has no temporary files
    And no temporary file is left

  @processes-06
  Scenario: when one of them hangs, the time-out ends all, and there is no report
    Given 4 images that share a layer, read through input.image.files
    And the first request for the shared layer is held in the middle
    When "validate image" starts with
      | --processes | 2  |
      | --timeout   | 4s |
    And the shared layer is held
    And one of the 2 processes that judge images gets SIGSTOP
    And the validation ends with all its processes
    Then the validation fails because of the time-out
    And nothing is reported
    And no temporary file is left

  @processes-07 @processes-07.<id>
  Scenario Outline: <signal> ends them all
    Given 4 images that share a layer, read through input.image.files
    And the first request for the shared layer is held in the middle
    When "validate image" starts with
      | --processes | 2 |
    And the shared layer is held
    And the validation gets <signal>, and all its processes end
    Then the exit status should be <status>
    And standard error has only the lines
      """
      Error: interrupted
      """
    And the cache directory has no temporary files
    And no temporary file is left

    Examples:
      | id | signal  | status |
      | 1  | SIGINT  | 130    |
      | 2  | SIGTERM | 143    |

  @processes-08
  Scenario: none of them outlives the process that was started
    Given 4 images that share a layer, read through input.image.files
    And the first request for the shared layer is held in the middle
    When "validate image" starts with
      | --processes | 2 |
    And the shared layer is held
    And the validation gets SIGKILL and ends
    Then nothing in the cache directory is damaged

  @processes-09 @processes-09.<id>
  Scenario Outline: what is no number of processes: <value>
    Given 1 image that shares a layer, read through input.image.files
    When "validate image" is run with
      | --processes | <value> |
    Then the command line is rejected with the error
      """
      <error>
      """
    And the registry received no request

    Examples:
      | id | value | error                                                                                        |
      | 1  | 0     | invalid argument "0" for "--processes" flag: must be auto, or 1 or more                      |
      | 2  | many  | invalid argument "many" for "--processes" flag: strconv.ParseInt: parsing "many": invalid syntax |
