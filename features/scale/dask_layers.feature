@optional-dask
Feature: Images that share layers meet one worker of a cluster

  Images of different repositories are built on few base layers. Each worker keeps layers in a directory of its own, so
  those that share a layer go to one worker. Which they share is in their manifests: workers read these first, and
  whoever judges an image doesn't ask for its manifest again.

  Background:
    Given the usual flags "--images list.txt --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --effective-time 2031-01-01T00:00:00Z --output json"
    And the environment variable is set "EC_CACHE=true"
    And the environment variable is set "DASK_DISTRIBUTED__SCHEDULER__WORK_STEALING=False"

  @dask-31
  Scenario: a layer that images of many repositories share is fetched by one worker, and nothing is asked for twice
    Given 16 images that have one of two layers, in turns, read through input.image.files
    And a list "list.txt" of all images
    When "validate image" is run with
      | --engine    | dask |
      | --processes | 2    |
    Then the exit status should be 0
    And one worker keeps the first shared layer, and the other one the second shared layer
    And each layer was fetched exactly once
    And the registry was asked for nothing twice

  @dask-32
  Scenario: an image whose manifest can't be read first is judged as by one process, and asked for as often
    Given 4 images that have one of two layers, in turns, read through input.image.files
    And the registry answers with status 429 the first 99 times that it is asked what "acceptance/bundle-2" is
    And the registry answers with status 503 the first 99 times that it is asked for the list of "acceptance/bundle-3"
    And a file "list.txt" with
      """
      ${REGISTRY}/acceptance/bundle-1
      {"name": "bundle-2", "containerImage": "${REGISTRY}/acceptance/bundle-2"}
      {"name": "bundle-3", "containerImage": "${REGISTRY}/acceptance/bundle-3"}
      ${REGISTRY}/acceptance/bundle-4@${bundle-4_DIGEST}
      ${REGISTRY}/acceptance/bundle-1:other
      no image
      """
    When "validate image" is run with
      | --retry-duration | 10ms |
    And "validate image" is run with
      | --retry-duration | 10ms |
      | --engine         | dask |
      | --processes      | 2    |
    Then the exit status should be 1
    And the output is that of the first validation, byte for byte
    And the registry was asked for each manifest as often as in the validation before
    And the violations are
      | component | code                     |
      | bundle-2  | builtin.image.accessible |
      | bundle-3  | builtin.image.judged     |
      | line 6    | builtin.image.judged     |
      | Unnamed   | builtin.image.accessible |
