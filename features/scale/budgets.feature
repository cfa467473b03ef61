Feature: How fast registries are asked

  `--registry-requests` and `--registry-bytes` are what each registry is asked for in a second at most, by all processes
  of a run together. One that answers 429 is asked more slowly.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --workers 7 --output json"
    And 6 images that share a layer, read through input.image.files

  @budget-01 @budget-01.<id>
  Scenario Outline: a limit on requests per second, for <processes>
    When "validate image" is run with
      | --processes         | <number> |
      | --registry-requests | 20       |
    Then the validation is correct
    And the registry was asked for nothing twice
    And the registry was asked at most 20 times a second

    Examples:
      | id | processes     | number |
      | 1  | one process   | 1      |
      | 2  | two processes | 2      |

  @budget-02
  Scenario: a limit on bytes per second
    Given the environment variable is set "EC_CACHE=true"
    When "validate image" is run with
      | --registry-bytes | 2000000 |
    Then the validation is correct
    And the registry was asked for at most 2000000 bytes a second

  @budget-03
  Scenario: a registry that has had too many requests isn't asked before the time that it names, by any process
    Given the first request for the manifest of "bundle-1" is answered with status 429 and Retry-After 1
    When "validate image" is run with
      | --processes         | 2  |
      | --registry-requests | 60 |
    Then the validation is correct
    And after status 429 the registry was left alone for 1 s

  @budget-04 @budget-04.<id>
  Scenario Outline: what is no pace: <flag> <value>
    When "validate image" is run with
      | <flag> | <value> |
    Then the command line is rejected with the error
      """
      invalid argument "<value>" for "<flag>" flag: <error>
      """
    And the registry received no request

    Examples:
      | id | flag                | value | error                                            |
      | 1  | --registry-requests | -1    | must not be negative                             |
      | 2  | --registry-requests | nan   | must not be negative                             |
      | 3  | --registry-bytes    | few   | strconv.ParseInt: parsing "few": invalid syntax  |
