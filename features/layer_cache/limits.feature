Feature: The layer cache's limits

  However large or many the layers are, memory, open files, simultaneous transfers and the cache directory are bounded.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --workers ${IMAGE_COUNT} --output json"
    And the environment variable is set "EC_CACHE=true"

  Rule: 25 Bounded

    @cache-25 @cache-25.<id>
    Scenario Outline: memory doesn't grow with the size of a layer
      Given 1 image that shares a layer of 2 MiB, read through <reader>
      And an image "large" with a layer of 200 MiB
      And the validator's memory usage is measured
      When "validate image" is run for "bundle-1"
      Then the validation of "bundle-1" is correct
      When "validate image" is run for "large"
      Then the validation of "large" is correct
      And peak memory usage was at most 1.3 times that of the first validation
      When "validate image" is run for "large"
      Then the validation of "large" is correct
      And no layer was fetched
      And peak memory usage was at most 1.3 times that of the first validation

      Examples: input.image.files
        | id | reader            |
        | 1  | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 2  | ec.oci.image_files |

    @cache-25 @cache-25.<id>
    Scenario Outline: no more layers are fetched at once than there are workers, <when>
      Given 8 images that share nothing, read through <reader>
      And the environment variable is set "EC_CACHE=<cache>"
      And every layer is held at the start
      When "validate image" starts with
        | --workers | 2 |
      And a layer is held, and no request is in flight
      Then at most 3 layers are being fetched
      Given the registry is healthy
      When the validation ends
      Then the validation is correct

      Examples: input.image.files
        | id | when         | cache | reader            |
        | 3  | with a cache | true  | input.image.files |

      Examples: ec.oci.image_files
        | id | when            | cache | reader             |
        | 4  | without a cache | false | ec.oci.image_files |

    @cache-25 @cache-25.<id>
    Scenario Outline: 256 open files are enough for 36 components with 36 workers
      Given 36 images that share a layer, read through <reader>
      And a process may open at most 256 files
      And every image waits before its layers
      And the first request for the shared layer is held at the start
      When "validate image" is run, with the shared layer held until no request is in flight
      Then the validation is correct

      Examples: input.image.files
        | id | reader            |
        | 5  | input.image.files |

    @cache-25 @cache-25.<id>
    Scenario Outline: a file too large for policies is an error
      Given an image "bundle-1" with a file of 64 MiB, read through <reader>
      When "validate image" is run
      Then "bundle-1" fails because of a limit of the large layer of "bundle-1"

      Examples: input.image.files
        | id | reader            |
        | 6  | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 7  | ec.oci.image_files |

  Rule: 28 Budget

    @cache-28 @cache-28.<id>
    Scenario Outline: the least recently used layers are evicted when the budget is exceeded
      Given 3 images that share nothing, read through <reader>
      And the environment variable is set "EC_CACHE_MAX_BYTES=5000000"
      When "validate image" is run for "bundle-1"
      And "validate image" is run for "bundle-2"
      And "validate image" is run for "bundle-1"
      Then the validation of "bundle-1" is correct
      And no layer was fetched
      When "validate image" is run for "bundle-3"
      Then the validation of "bundle-3" is correct
      And the cache directory has at most 5000000 bytes
      And the cache directory keeps the large layer of "bundle-1"
      And the cache directory keeps the large layer of "bundle-3"
      And the cache directory doesn't keep the large layer of "bundle-2"
      When "validate image" is run
      Then the validation is correct
      And the cache directory has at most 5000000 bytes
      And nothing in the cache directory is damaged

      Examples: input.image.files
        | id | reader            |
        | 1  | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 2  | ec.oci.image_files |

    @cache-28 @cache-28.<id>
    Scenario Outline: a layer larger than the budget isn't cached, and others are
      Given 2 images that share a layer, read through <reader>
      And the environment variable is set "EC_CACHE_MAX_BYTES=1000000"
      When "validate image" is run
      Then the validation is correct
      And the cache directory doesn't keep the shared layer
      And the cache directory keeps the own layer of "bundle-1"
      And the cache directory has at most 1000000 bytes
      And the log has no warning

      Examples: input.image.files
        | id | reader            |
        | 3  | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 4  | ec.oci.image_files |

    @cache-28 @cache-28.<id>
    Scenario Outline: layers in use stay readable when another validation has no budget
      Given 2 images that share a layer, read through <reader>
      And an image "apart" that shares nothing with the others
      When "validate image" is run for "bundle-2"
      Then the validation of "bundle-2" is correct
      Given the first request for the own layer of "bundle-1" is held in the middle
      And "bundle-2" waits before its layers
      When "validate image" starts as "A" for "bundle-1" and "bundle-2"
      And the own layer of "bundle-1" is held
      And the environment variable is set "EC_CACHE_MAX_BYTES=0"
      And "validate image" starts as "B" for "apart"
      And validation "B" ends soon
      Then validation "B" of "apart" is correct
      And the cache directory doesn't keep the shared layer
      When "bundle-2" resumes
      And the own layer of "bundle-1" is released
      And validation "A" ends
      Then validation "A" of "bundle-1" and "bundle-2" is correct
      And nothing in the cache directory is damaged

      Examples: input.image.files
        | id | reader            |
        | 5  | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 6  | ec.oci.image_files |

    @cache-28 @cache-28.<id>
    Scenario Outline: a budget of "<budget>" is a warning, and the cache is still used
      Given 2 images that share a layer, read through <reader>
      And the environment variable is set "EC_CACHE_MAX_BYTES=<budget>"
      When "validate image" is run
      Then the validation is correct
      And the log has one warning
      And the cache directory keeps the shared layer

      Examples: input.image.files
        | id | budget | reader            |
        | 7  | plenty | input.image.files |
        | 9  | 10GB   | input.image.files |

      Examples: ec.oci.image_files
        | id | budget | reader             |
        | 8  | -1     | ec.oci.image_files |
        | 10 | 1e9    | ec.oci.image_files |
