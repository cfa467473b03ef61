Feature: The layer cache and faults on the wire

  A failed download is reported, with its true cause, by the components that waited for it and by no others; nothing of
  it is cached.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --workers ${IMAGE_COUNT} --output json"
    And the environment variable is set "EC_CACHE=true"

  Rule: 6 Failed leader

    @cache-06 @cache-06.<id>
    Scenario Outline: when the first download of a shared layer is reset <place>, one more is enough for all
      Given 6 images that share a layer, read through <reader>
      And every image waits before its layers
      And the first request for the shared layer is held <place>
      And the first request for the shared layer is reset <place>
      When "validate image" is run, with the shared layer held until no request is in flight
      Then the validation is correct
      And the shared layer was fetched at most 2 times
      And nothing in the cache directory is damaged
      When "validate image" is run again
      Then the validation is correct
      And no layer was fetched

      Examples: input.image.files
        | id | place                | reader            |
        | 1  | before the head      | input.image.files |
        | 2  | at an entry boundary | input.image.files |

      Examples: ec.oci.image_files
        | id | place                | reader             |
        | 3  | in the middle        | ec.oci.image_files |
        | 4  | before the last byte | ec.oci.image_files |

  Rule: 8 Failures aren't remembered

    @cache-08 @cache-08.<id>
    Scenario Outline: a layer that was <fault> is asked for again in the next run
      Given 2 images that share a layer, read through <reader>
      And every request for the shared layer is <fault>
      When "validate image" is run with
        | --retry-duration | 10ms |
        | --retry-max-wait | 20ms |
      Then the shared layer was fetched at least once
      And nothing in the cache directory is damaged
      And the cache directory doesn't keep the shared layer
      Given the registry is healthy
      When "validate image" is run again
      Then the validation is correct
      And the shared layer was fetched at least once
      And nothing in the cache directory is damaged

      Examples: input.image.files
        | id | fault                            | reader            |
        | 1  | answered with status 404         | input.image.files |
        | 2  | answered with status 503         | input.image.files |
        | 3  | reset in the middle              | input.image.files |
        | 4  | changed by one bit in the middle | input.image.files |

      Examples: ec.oci.image_files
        | id | fault                      | reader             |
        | 5  | answered with status 404   | ec.oci.image_files |
        | 6  | answered with status 403   | ec.oci.image_files |
        | 7  | reset at an entry boundary | ec.oci.image_files |
        | 8  | ended early in the middle  | ec.oci.image_files |

  Rule: 18 Retries

    @cache-18 @cache-18.<id>
    Scenario Outline: a single status <status> is retried
      Given 1 image that shares a layer, read through <reader>
      And the first request for the shared layer is answered with status <status>
      When "validate image" is run with
        | --retry-duration | 10ms |
      Then the validation is correct
      And the shared layer was fetched exactly 2 times
      And nothing in the cache directory is damaged

      Examples: input.image.files
        | id | status | reader            |
        | 1  | 500    | input.image.files |
        | 2  | 503    | input.image.files |

      Examples: ec.oci.image_files
        | id | status | reader             |
        | 3  | 500    | ec.oci.image_files |
        | 4  | 503    | ec.oci.image_files |

    @cache-18 @cache-18.<id>
    Scenario Outline: a Retry-After of a second is honoured
      Given 1 image that shares a layer, read through <reader>
      And the first request for the shared layer is answered with status 429 and Retry-After 1
      When "validate image" is run with
        | --retry-duration | 10ms |
        | --retry-max-wait | 3s   |
      Then the validation is correct
      And the shared layer was fetched exactly 2 times
      And the requests for the shared layer were at least 1 s apart

      Examples: input.image.files
        | id | reader            |
        | 5  | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 6  | ec.oci.image_files |

    @cache-18 @cache-18.<id>
    Scenario Outline: a Retry-After of a minute isn't waited for
      Given 1 image that shares a layer, read through <reader>
      And every request for the shared layer is answered with status 429 and Retry-After 60
      When "validate image" starts with
        | --retry-duration | 10ms |
        | --retry-max-wait | 20ms |
      And the validation ends soon
      Then every image fails because of the status 429 of the shared layer

      Examples: input.image.files
        | id | reader            |
        | 7  | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 8  | ec.oci.image_files |

    @cache-18 @cache-18.<id>
    Scenario Outline: a missing layer is requested once
      Given 1 image that shares a layer, read through <reader>
      And every request for the shared layer is answered with status 404
      When "validate image" is run
      Then the exit status should be 1
      And the shared layer was fetched exactly once

      Examples: input.image.files
        | id | reader            |
        | 9  | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 10 | ec.oci.image_files |

  Rule: 19 Time-outs

    @cache-19 @cache-19.<id>
    Scenario Outline: the time-out ends the wait for a layer that never arrives
      Given 4 images that share a layer, read through <reader>
      And every image waits before its layers
      And every request for the shared layer is stalled forever in the middle
      When "validate image" starts with
        | --timeout | 4s |
      And all images resume together
      And the validation ends
      Then the validation took at most 15 s
      And the validation fails because of the time-out
      And the shared layer was asked for while every image waited for it
      And nothing in the cache directory is damaged
      Given the registry is healthy
      When "validate image" is run
      Then the validation is correct
      And nothing in the cache directory is damaged

      Examples: input.image.files
        | id | reader            |
        | 1  | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 2  | ec.oci.image_files |

  Rule: 26 One cause for all

    @cache-26 @cache-26.<id>
    Scenario Outline: all components that waited for a layer that was <fault> report it
      Given 6 images that share a layer, read through <reader>
      And every image waits before its layers
      And the first request for the shared layer is held <held>
      And every request for the shared layer is <fault>
      When "validate image" is run, with the shared layer held until no request is in flight
        | --retry-duration | 10ms |
        | --retry-max-wait | 20ms |
      Then every image fails because of <cause> of the shared layer

      Examples: input.image.files
        | id | held            | fault                    | cause             | reader            |
        | 1  | in the middle   | reset in the middle      | a broken transfer | input.image.files |
        | 2  | before the head | answered with status 403 | the status 403    | input.image.files |

      Examples: ec.oci.image_files
        | id | held            | fault                            | cause          | reader             |
        | 3  | in the middle   | changed by one bit in the middle | a wrong digest | ec.oci.image_files |
        | 4  | before the head | answered with status 404         | the status 404 | ec.oci.image_files |
