Feature: What stands in the cache directory where a layer should doesn't stay, and harms no run

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --workers ${IMAGE_COUNT} --output json"

  @archive-<id>
  Scenario Outline: a cached layer that was <damage> is fetched once more, and whole again afterwards
    Given the environment variable is set "EC_CACHE=true"
    And 2 images that share a layer, read through input.image.files
    When "validate image" is run
    Then the validation is right
    Given what the cache directory holds of the shared layer is <damage>
    When "validate image" is run again
    Then the validation is right
    And the shared layer was fetched exactly once
    And there is no warning
    And nothing in the cache directory is damaged
    And the cache directory keeps the shared layer
    When "validate image" is run again
    Then the validation is right
    And no layer was fetched

    Examples:
      | id | damage                       |
      | 46 | replaced by a pipe           |
      | 47 | replaced by a socket         |
      | 48 | replaced by a link to itself |

  @archive-49
  Scenario: a budget of thousands of digits is a budget
    Given the environment variable is set "EC_CACHE=true"
    And a budget of 5000 digits for the cache directory
    And 2 images that share a layer, read through input.image.files
    When "validate image" is run
    Then the validation is right
    And there is no warning
    And the cache directory keeps the shared layer
