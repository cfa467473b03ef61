Feature: The layer cache and several processes

  Two validations share a cache directory. Neither waits for the other, and the leftovers of a killed one do no harm.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --workers ${IMAGE_COUNT} --output json"
    And the environment variable is set "EC_CACHE=true"

  Rule: 13 Two processes

    @cache-13 @cache-13.<id>
    Scenario Outline: a validation doesn't wait for another one's download
      Given 2 images that share a layer, read through <reader>
      And the first request for the shared layer is held in the middle
      When "validate image" starts as "A"
      And the shared layer is held
      And "validate image" starts as "B"
      And validation "B" ends soon
      Then validation "B" is correct
      And validation "A" is still running
      And the shared layer is still held
      When the shared layer is released
      And validation "A" ends soon
      Then validation "A" is correct
      When "validate image" is run
      Then the validation is correct
      And no layer was fetched
      And nothing in the cache directory is damaged
      And the cache directory has no temporary files

      Examples: input.image.files
        | id | reader            |
        | 1  | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 2  | ec.oci.image_files |

  Rule: 14 Dead holder

    @cache-14 @cache-14.<id>
    Scenario Outline: a validation killed during a download doesn't delay another one
      Given 2 images that share a layer, read through <reader>
      And the first request for the shared layer is held <place>
      When "validate image" starts as "A"
      And the shared layer is held
      And "validate image" starts as "B"
      And no request is in flight
      And validation "A" gets SIGKILL and ends
      And validation "B" ends soon
      Then validation "B" is correct
      And nothing in the cache directory is damaged
      When "validate image" is run
      Then the validation is correct
      And no layer was fetched
      And nothing in the cache directory is damaged
      And the cache directory has no temporary files

      Examples: input.image.files
        | id | place         | reader            |
        | 1  | in the middle | input.image.files |

      Examples: ec.oci.image_files
        | id | place                | reader             |
        | 2  | before the last byte | ec.oci.image_files |

    @cache-14 @cache-14.<id>
    Scenario Outline: the leftovers of a validation that <signal> ended during a download are removed by the next
      Given 1 image that shares a layer, read through <reader>
      And the first request for the shared layer is held <place>
      When "validate image" starts
      And the shared layer is held
      And the validation gets <signal> and ends
      Then nothing in the cache directory is damaged
      When "validate image" starts
      And the validation ends soon
      Then the validation is correct
      And the shared layer was fetched at least once
      And nothing in the cache directory is damaged
      And the cache directory has no temporary files

      Examples: input.image.files
        | id | signal  | place                | reader            |
        | 3  | SIGKILL | at the start         | input.image.files |
        | 4  | SIGKILL | before the last byte | input.image.files |
        | 5  | SIGTERM | in the middle        | input.image.files |

      Examples: ec.oci.image_files
        | id | signal  | place                | reader             |
        | 6  | SIGKILL | in the middle        | ec.oci.image_files |
        | 7  | SIGTERM | before the last byte | ec.oci.image_files |
