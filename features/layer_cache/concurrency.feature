Feature: The layer cache under concurrency

  Components that share layers run in parallel. Their requests are held at the registry until the order of events is
  the one that the scenario is about, and let go when nothing else can happen (docs/cache-scenarios.md).

  Background:
    Given the environment variable is set "EC_CACHE=true"

  @cache-02 @cache-02.<id>
  Scenario Outline: no component uses a layer that another one got half of, <place>, for <reader>
    Given 2 images that share a layer, read through <reader>
    And "bundle-2" waits before its layers
    And the first request for the shared layer is held <place>
    When the validation starts
    And the shared layer is held for "bundle-1"
    And "bundle-2" goes on
    And all else has come to rest
    Then "bundle-2" is past its files only if it fetched the shared layer itself
    When the shared layer is let go
    And the validation ends
    Then the validation is right

    Examples:
      | id | place                | reader             |
      | 1  | at the start         | input.image.files  |
      | 2  | in the middle        | input.image.files  |
      | 3  | before the last byte | input.image.files  |
      | 4  | at the start         | ec.oci.image_files |
      | 5  | in the middle        | ec.oci.image_files |
      | 6  | before the last byte | ec.oci.image_files |
