@optional-dask
Feature: Caches of a cluster's workers

  Each worker keeps layers in a directory of its own. What is wrong with it is that worker's affair: images are fetched
  again, and judged as ever.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --engine dask --processes 2 --output json"
    And the environment variable is set "EC_CACHE=true"

  @dask-21
  Scenario: what is damaged in workers' caches is fetched again
    Given 4 images that share a layer, read through input.image.files
    When "validate image" is run
    And each copy of the shared layer that a worker keeps is cut
    And "validate image" is run again
    Then the validation is correct
    And the shared layer was fetched at least once
    And the cache directory is empty

  @dask-22
  Scenario: a worker whose disk is full judges all the same
    Given 4 images that have one of two layers, in turns, read through input.image.files
    And the environment variable is set "DASK_DISTRIBUTED__SCHEDULER__WORK_STEALING=False"
    And the disk for the cache of one of the workers is full
    When "validate image" is run
    Then the validation is correct
    And no worker keeps a damaged copy
