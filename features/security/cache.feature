Feature: Special files in the place of cached layers

  They are replaced by the layer, and never followed, read or waited for.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --workers ${IMAGE_COUNT} --output json"

  @archive-<id>
  Scenario Outline: a cached layer that was <damage> is fetched once more and repaired
    Given the environment variable is set "EC_CACHE=true"
    And 2 images that share a layer, read through input.image.files
    When "validate image" is run
    Then the validation is correct
    Given the cached copy of the shared layer is <damage>
    When "validate image" is run again
    Then the validation is correct
    And the shared layer was fetched exactly once
    And the log has no warning
    And nothing in the cache directory is damaged
    And the cache directory keeps the shared layer
    When "validate image" is run again
    Then the validation is correct
    And no layer was fetched

    Examples:
      | id | damage                       |
      | 46 | replaced by a pipe           |
      | 47 | replaced by a socket         |
      | 48 | replaced by a link to itself |

  @archive-49
  Scenario: a budget with thousands of digits is accepted
    Given the environment variable is set "EC_CACHE=true"
    And the budget of the cache has 5000 digits
    And 2 images that share a layer, read through input.image.files
    When "validate image" is run
    Then the validation is correct
    And the log has no warning
    And the cache directory keeps the shared layer
