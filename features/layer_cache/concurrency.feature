Feature: The layer cache and components validated in parallel

  What components share must not affect their results. Requests are held at the registry until events are in the order
  that a scenario is about, and released when no other request is in flight (docs/cache-scenarios.md).

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --workers ${IMAGE_COUNT} --output json"
    And the environment variable is set "EC_CACHE=true"

  Rule: 1 Transparent

    @cache-01 @cache-01.<id>
    Scenario Outline: the report is the same with and without a cache
      Given 3 images that share a layer, read through <reader>
      And an image "incomplete" without the shared files
      When "validate image" is run
      Then "incomplete" is rejected for its missing files, and the others are correct
      When "validate image" is run again
      Then the report is the same as that of the first validation
      When the environment variable is set "EC_CACHE=false"
      And "validate image" is run again
      Then the report is the same as that of the first validation
      And each layer was fetched

      Examples: input.image.files
        | id | reader            |
        | 1  | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 2  | ec.oci.image_files |

  Rule: 2 No half layer

    @cache-02 @cache-02.<id>
    Scenario Outline: no component uses a layer that another one has only partly fetched, held <place>
      Given 2 images that share a layer, read through <reader>
      And "bundle-2" waits before its layers
      And the first request for the shared layer is held <place>
      When "validate image" starts
      And the shared layer is held for "bundle-1"
      And "bundle-2" resumes
      And no request is in flight
      Then "bundle-2" is past its files only if it fetched the shared layer itself
      When the shared layer is released
      And the validation ends
      Then the validation is correct

      Examples: input.image.files
        | id | place                | reader            |
        | 1  | at the start         | input.image.files |
        | 2  | in the middle        | input.image.files |
        | 3  | before the last byte | input.image.files |

      Examples: ec.oci.image_files
        | id | place                | reader             |
        | 4  | at the start         | ec.oci.image_files |
        | 5  | in the middle        | ec.oci.image_files |
        | 6  | before the last byte | ec.oci.image_files |

  Rule: 3 Single flight

    @cache-03 @cache-03.<id>
    Scenario Outline: <count> components that need a layer at the same time fetch it once
      Given <count> images that share a layer, read through <reader>
      And every image waits before its layers
      And the first request for the shared layer is held at the start
      When "validate image" is run, with the shared layer held until no request is in flight
      Then the validation is correct
      And each layer was fetched exactly once

      Examples: input.image.files
        | id | count | reader            |
        | 1  | 2     | input.image.files |

      Examples: ec.oci.image_files
        | id | count | reader             |
        | 4  | 12    | ec.oci.image_files |

    @cache-03 @cache-03.<id>
    Scenario Outline: a component that comes to a layer when another one has read it doesn't fetch it again
      Given 2 images that share a layer, read through <reader>
      And "bundle-2" waits before its layers
      When "validate image" starts
      Then "bundle-1" gets past its files
      When no request is in flight
      And the shared layer is put away
      And "bundle-2" resumes
      And the validation ends
      Then the validation is correct
      And each layer was fetched exactly once

      Examples: input.image.files
        | id | reader            |
        | 5  | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 6  | ec.oci.image_files |

  Rule: 4 Independence

    @cache-04 @cache-04.<id>
    Scenario Outline: a layer that doesn't arrive delays no component without it
      Given 2 images that share a layer, read through <reader>
      And an image "apart" that shares nothing with the others
      And "apart" waits before its layers
      And the first request for the shared layer is held in the middle
      When "validate image" starts
      And the shared layer is held
      And "apart" resumes
      Then "apart" gets past its files
      And the shared layer is still held
      When the shared layer is released
      And the validation ends
      Then the validation is correct

      Examples: input.image.files
        | id | reader            |
        | 1  | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 2  | ec.oci.image_files |

  Rule: 5 No deadlock

    @cache-05 @cache-05.<id>
    Scenario Outline: two components that read the same layers in opposite orders don't lock each other out
      Given 2 images with the same two layers in opposite orders, read through <reader>
      And every image waits before its layers
      And the first request for the first shared layer is held in the middle
      And the first request for the second shared layer is held in the middle
      When "validate image" starts
      And all images resume together
      And the first shared layer is held
      And the second shared layer is held
      And the first shared layer is released
      And no request is in flight
      And the second shared layer is released
      And the validation ends soon
      Then the validation is correct
      And each layer was fetched exactly once

      Examples: input.image.files
        | id | reader            |
        | 1  | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 2  | ec.oci.image_files |

    @cache-05 @cache-05.<id>
    Scenario Outline: an image that has a layer twice doesn't wait for itself
      Given an image that has a layer twice, read through <reader>
      When "validate image" starts
      And the validation ends soon
      Then the validation is correct
      And each layer was fetched exactly once

      Examples: input.image.files
        | id | reader            |
        | 3  | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 4  | ec.oci.image_files |

    @cache-05 @cache-05.<id>
    Scenario Outline: 36 components at once finish
      Given 36 images that share a layer, read through <reader>
      And every image waits before its layers
      And the first request for the shared layer is held at the start
      When "validate image" is run, with the shared layer held until no request is in flight
      Then the validation is correct
      And each layer was fetched exactly once

      Examples: input.image.files
        | id | reader            |
        | 5  | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 6  | ec.oci.image_files |

  Rule: 11 Warm means no GET

    @cache-11 @cache-11.<id>
    Scenario Outline: a layer that was fetched isn't fetched again
      Given 2 images that share a layer, read through <reader>
      When "validate image" is run
      Then the validation is correct
      And each layer was fetched
      And nothing in the cache directory is damaged
      When the content of the cache directory is recorded
      And "validate image" is run again
      Then the report is the same as that of the first validation
      And no layer was fetched
      And the cache directory is unchanged
      And the registry was asked for
        | manifest | acceptance/bundle-1 |
        | manifest | acceptance/bundle-2 |

      Examples: input.image.files
        | id | reader            |
        | 1  | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 2  | ec.oci.image_files |

  Rule: 21 Order is free

    @cache-21 @cache-21.<id>
    Scenario Outline: neither workers nor order affect the report
      Given 5 images that share a layer, read through <reader>
      And "bundle-1" waits before its layers
      When "validate image" starts with
        | --workers | 5 |
      And no request is in flight
      And "bundle-1" resumes
      And the validation ends
      Then the validation is correct
      Given the registry is healthy
      And an empty cache directory
      When "validate image" is run with
        | --workers | 0 |
      Then the components are the same as in the first validation
      Given an empty cache directory
      When "validate image" is run with
        | --workers | 1 |
      Then the components are the same as in the first validation
      Given an empty cache directory
      When "validate image" is run for "bundle-4", "bundle-2", "bundle-5", "bundle-1" and "bundle-3" with
        | --workers | 35 |
      Then the components are the same as in the first validation

      Examples: input.image.files
        | id | reader            |
        | 1  | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 2  | ec.oci.image_files |

  Rule: 22 Both readers

    @cache-22 @cache-22.1
    Scenario: a component whose files are read in both ways fetches each layer once
      Given 2 images that share a layer, read through both
      And every image waits before its layers
      And the first request for the shared layer is held in the middle
      When "validate image" is run, with the shared layer held until no request is in flight
      Then the validation is correct
      And each layer was fetched exactly once
      When "validate image" is run again
      Then the validation is correct
      And no layer was fetched
