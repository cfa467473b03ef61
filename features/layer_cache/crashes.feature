Feature: The layer cache and runs that fail or die

  A file has its final name only when it is complete and its digest is correct: not while it is written, and not after
  its download, process or disk failed. The leftovers of such a run are removed by the next one.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --workers ${IMAGE_COUNT} --output json"
    And the environment variable is set "EC_CACHE=true"

  Rule: 7 Nothing damaged under a final name

    @cache-07 @cache-07.<id>
    Scenario Outline: nothing of a layer that was <fault> is cached
      Given 2 images that share a layer, read through <reader>
      And an image "substitute" with another layer of the same size
      And every request for the shared layer is <fault>
      When "validate image" is run for "bundle-1" and "bundle-2" with
        | --retry-duration | 10ms |
        | --retry-max-wait | 20ms |
      Then every bundle fails because of <cause> of the shared layer
      And nothing in the cache directory is damaged
      And the cache directory doesn't keep the shared layer

      Examples: input.image.files
        | id | fault                               | cause             | reader            |
        | 1  | reset before the last byte          | a broken transfer | input.image.files |
        | 2  | closed at an entry boundary         | a broken transfer | input.image.files |
        | 3  | cut by a short length in the middle | a wrong size      | input.image.files |
        | 4  | ended early at an entry boundary    | a wrong size      | input.image.files |
        | 5  | answered with status 404            | the status 404    | input.image.files |
        | 6  | changed by one bit within a file    | a wrong digest    | input.image.files |
        | 7  | replaced by the substituted layer   | a wrong digest    | input.image.files |

      Examples: ec.oci.image_files
        | id | fault                               | cause             | reader             |
        | 8  | reset before the last byte          | a broken transfer | ec.oci.image_files |
        | 9  | closed at an entry boundary         | a broken transfer | ec.oci.image_files |
        | 10 | cut by a short length in the middle | a wrong size      | ec.oci.image_files |
        | 11 | ended early at an entry boundary    | a wrong size      | ec.oci.image_files |
        | 12 | answered with status 404            | the status 404    | ec.oci.image_files |
        | 13 | changed by one bit within a file    | a wrong digest    | ec.oci.image_files |
        | 14 | replaced by the substituted layer   | a wrong digest    | ec.oci.image_files |

    @cache-07 @cache-07.<id>
    Scenario Outline: a partial layer has no final name, neither during its download nor after <signal>
      Given 2 images that share a layer, read through <reader>
      And the first request for the shared layer is held <place>
      When "validate image" starts
      And the shared layer is held
      And no request is in flight
      Then nothing in the cache directory is damaged
      And the cache directory doesn't keep the shared layer
      When the validation gets <signal> and ends
      Then nothing in the cache directory is damaged
      And the cache directory doesn't keep the shared layer

      Examples: input.image.files
        | id | signal  | place                | reader            |
        | 15 | SIGTERM | at an entry boundary | input.image.files |
        | 16 | SIGKILL | before the last byte | input.image.files |

      Examples: ec.oci.image_files
        | id | signal  | place                | reader             |
        | 17 | SIGTERM | before the last byte | ec.oci.image_files |
        | 18 | SIGKILL | at an entry boundary | ec.oci.image_files |

    @cache-07 @cache-07.<id>
    Scenario Outline: a partial layer has no final name after the time-out
      Given 1 image that shares a layer, read through <reader>
      And every request for the shared layer is stalled forever <place>
      When "validate image" starts with
        | --timeout | 4s |
      And the validation ends soon
      Then the validation fails because of the time-out
      And the shared layer was fetched at least once
      And nothing in the cache directory is damaged
      And the cache directory doesn't keep the shared layer

      Examples: input.image.files
        | id | place                | reader            |
        | 19 | at an entry boundary | input.image.files |

      Examples: ec.oci.image_files
        | id | place                | reader             |
        | 20 | before the last byte | ec.oci.image_files |

    @cache-07 @cache-07.<id>
    Scenario Outline: nothing of a layer that didn't fit on the disk is cached
      Given 2 images that share a layer, read through <reader>
      And the cache directory is on a disk of 1024 KiB
      When "validate image" is run
      And the content of the disk is examined
      Then the validation is correct
      And nothing in the cache directory is damaged
      And the cache directory doesn't keep the shared layer
      And the log has one warning

      Examples: input.image.files
        | id | reader            |
        | 21 | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 22 | ec.oci.image_files |

  Rule: 14 Dead holder

    @cache-14 @cache-14.<id>
    Scenario Outline: the leftovers of a killed validation are removed by one that reads other layers
      Given 2 images that share a layer, read through <reader>
      And an image "apart" that shares nothing with the others
      And the first request for the shared layer is held in the middle
      When "validate image" starts for "bundle-1" and "bundle-2"
      And the shared layer is held
      And the validation gets SIGKILL and ends
      And "validate image" is run for "apart"
      Then the validation of "apart" is correct
      And nothing in the cache directory is damaged
      And the cache directory has no temporary files

      Examples: input.image.files
        | id | reader            |
        | 13 | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 14 | ec.oci.image_files |

    @cache-14 @cache-14.<id>
    Scenario Outline: what a running validation writes isn't removed by another one
      Given 2 images that share a layer, read through <reader>
      And an image "apart" that shares nothing with the others
      And the first request for the shared layer is held in the middle
      When "validate image" starts as "A" for "bundle-1" and "bundle-2"
      And the shared layer is held
      And no request is in flight
      And the content of the cache directory is recorded
      And "validate image" starts as "B" for "apart"
      And validation "B" ends soon
      Then validation "B" of "apart" is correct
      And what was in the cache directory is still there
      When the shared layer is released
      And validation "A" ends soon
      Then validation "A" of "bundle-1" and "bundle-2" is correct
      And the cache directory keeps the shared layer
      And the cache directory has no temporary files

      Examples: input.image.files
        | id | reader            |
        | 15 | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 16 | ec.oci.image_files |
