Feature: The layer cache's switch and location

  A cache that can't be used, or is switched off, changes nothing but the number of requests.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --workers ${IMAGE_COUNT} --output json"

  Rule: 15 Unusable directory = no cache

    @cache-15 @cache-15.<id>
    Scenario Outline: a validation does without a cache when its directory <state>
      Given 2 images that share a layer, read through <reader>
      And the cache directory <state>
      And the files outside the cache directory are recorded
      When "validate image" is run
      Then the validation is correct
      And the log has one warning
      And each layer was fetched
      And the shared layer was fetched at most 3 times
      And nothing outside the cache directory was changed

      Examples: input.image.files
        | id | state                    | reader            |
        | 1  | can't be written         | input.image.files |
        | 2  | is on a disk of 1024 KiB | input.image.files |
        | 3  | is a file                | input.image.files |
        | 4  | is inside a file         | input.image.files |
        | 7  | is writable by everybody | input.image.files |
        | 8  | is writable by its group | input.image.files |
        | 9  | belongs to another user  | input.image.files |
        | 10 | is another user's link   | input.image.files |

      Examples: ec.oci.image_files
        | id | state                    | reader             |
        | 11 | can't be written         | ec.oci.image_files |
        | 12 | is on a disk of 1024 KiB | ec.oci.image_files |

    @cache-15 @cache-15.<id>
    Scenario Outline: a validation does without a cache when its place is unknown: <setting>
      Given 2 images that share a layer, read through <reader>
      And the environment variable is set "<setting>"
      And the files outside the cache directory are recorded
      When "validate image" is run
      Then the validation is correct
      And the log has one warning
      And each layer was fetched
      And the shared layer was fetched at most 3 times
      And nothing outside the cache directory was changed

      Examples: input.image.files
        | id | setting                        | reader            |
        | 5  | XDG_CACHE_HOME=relative/folder | input.image.files |
        | 6  | HOME=                          | input.image.files |

    @cache-15 @cache-15.<id>
    Scenario Outline: entries in a directory that <state> aren't used
      Given 2 images that share a layer, read through <reader>
      When "validate image" is run
      Then the validation is correct
      Given the cached copy of the shared layer is replaced by another archive
      And the cache directory <state>
      And the content of the cache directory is recorded
      When "validate image" is run again
      Then the validation is correct
      And the log has one warning
      And each layer was fetched
      And the shared layer was fetched at most 3 times
      And the cache directory is unchanged

      Examples: input.image.files
        | id | state                    | reader            |
        | 13 | is writable by everybody | input.image.files |

      Examples: ec.oci.image_files
        | id | state                   | reader             |
        | 14 | belongs to another user | ec.oci.image_files |

    @cache-15 @cache-15.<id>
    Scenario Outline: a run copes with the removal of its cache directory
      Given 2 images that share a layer, read through <reader>
      And the first request for the shared layer is held in the middle
      When "validate image" starts
      And the shared layer is held
      And the cache directory is removed
      And the shared layer is released
      And the validation ends
      Then the validation is correct
      And the log has one warning
      And each layer was fetched
      And the shared layer was fetched at most 3 times

      Examples: input.image.files
        | id | reader            |
        | 15 | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 16 | ec.oci.image_files |

    @cache-15 @cache-15.<id>
    Scenario Outline: a cache directory that can't be written is still read, and missing layers are fetched
      Given 2 images that share a layer, read through <reader>
      When "validate image" is run for "bundle-1"
      Then the validation of "bundle-1" is correct
      Given the cache directory can't be written
      When "validate image" is run
      Then the validation is correct
      And the own layer of "bundle-2" was fetched at least once
      And the log has one warning

      Examples: input.image.files
        | id | reader            |
        | 17 | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 18 | ec.oci.image_files |

  Rule: 16 Off is off

    @cache-16 @cache-16.<id>
    Scenario Outline: EC_CACHE=<word> switches the cache off
      Given 2 images that share a layer, read through <reader>
      When "validate image" is run
      Then the validation is correct
      Given the cached copy of the shared layer is replaced by another archive
      And the content of the cache directory is recorded
      And the environment variable is set "EC_CACHE=<word>"
      When "validate image" is run
      Then the validation is correct
      And the shared layer was fetched exactly 2 times
      And the cache directory is unchanged

      Examples: input.image.files
        | id | word  | reader            |
        | 1  | 0     | input.image.files |
        | 3  | F     | input.image.files |
        | 5  | False | input.image.files |

      Examples: ec.oci.image_files
        | id | word  | reader             |
        | 2  | f     | ec.oci.image_files |
        | 4  | false | ec.oci.image_files |
        | 6  | FALSE | ec.oci.image_files |

    @cache-16 @cache-16.<id>
    Scenario Outline: a cache that is switched off creates no directory
      Given 2 images that share a layer, read through <reader>
      And the environment variable is set "EC_CACHE=false"
      When "validate image" is run
      Then the validation is correct
      And the shared layer was fetched exactly 2 times
      And there is no cache directory

      Examples: input.image.files
        | id | reader            |
        | 7  | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 14 | ec.oci.image_files |

    @cache-16 @cache-16.<id>
    Scenario Outline: there is a cache when EC_CACHE isn't set
      Given 1 image that shares a layer, read through <reader>
      When "validate image" is run
      Then the validation is correct
      And the cache directory keeps the shared layer

      Examples: input.image.files
        | id | reader            |
        | 8  | input.image.files |

    @cache-16 @cache-16.<id>
    Scenario Outline: there is a cache when EC_CACHE is "<value>"
      Given 1 image that shares a layer, read through <reader>
      And the environment variable is set "EC_CACHE=<value>"
      When "validate image" is run
      Then the validation is correct
      And the cache directory keeps the shared layer

      Examples: input.image.files
        | id | value | reader            |
        | 10 | 1     | input.image.files |
        | 12 | off   | input.image.files |

      Examples: ec.oci.image_files
        | id | value | reader             |
        | 9  |       | ec.oci.image_files |
        | 11 | no    | ec.oci.image_files |
        | 13 | 2     | ec.oci.image_files |

  Rule: 17 Nothing for nothing

    @cache-17 @cache-17.<id>
    Scenario Outline: no layer is fetched whose files nothing reads, <when>
      Given 2 images whose files nothing reads
      And the environment variable is set "EC_CACHE=<cache>"
      When "validate image" is run
      Then the exit status should be 0
      And no layer was fetched
      And the cache directory is empty
      And the registry was asked for
        | manifest | acceptance/bundle-1 |
        | manifest | acceptance/bundle-2 |

      Examples:
        | id | when            | cache |
        | 1  | with a cache    | true  |
        | 2  | without a cache | false |

  Rule: 24 Modes

    @cache-24 @cache-24.<id>
    Scenario Outline: only the owner can write to the cache, and nothing is left outside it
      Given 2 images that share a layer, read through <reader>
      And the umask is 0
      And the environment variable is set "EC_CACHE=true"
      And the first request for the shared layer is held in the middle
      And the files outside the cache directory are recorded
      When "validate image" starts
      And the shared layer is held
      Then only its owner can write to the cache directory and its files
      When the shared layer is released
      And the validation ends
      Then the validation is correct
      And the cache directory keeps the shared layer
      And only its owner can write to the cache directory and its files
      And nothing outside the cache directory was changed

      Examples: input.image.files
        | id | reader            |
        | 1  | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 2  | ec.oci.image_files |

    @cache-24 @cache-24.<id>
    Scenario Outline: a diffID is never used as a file name: <claimed>
      Given an image "bundle-1" that claims a diffID of "<claimed>", read through <reader>
      And the environment variable is set "EC_CACHE=true"
      And the files outside the cache directory are recorded
      When "validate image" is run
      Then "bundle-1" is validated by its own files, or fails with a cause
      And nothing outside the cache directory was changed
      And no name in the cache directory is invalid on Windows
      And nothing in the cache directory is damaged

      Examples: input.image.files
        | id | claimed                     | reader            |
        | 3  | sha256:../../escaped        | input.image.files |
        | 4  | ../../../../escaped:escaped | input.image.files |

      Examples: ec.oci.image_files
        | id | claimed                    | reader             |
        | 5  | sha256:../../../../escaped | ec.oci.image_files |

    @cache-24 @cache-24.<id>
    Scenario Outline: a digest that can't be a file name is an error: <digest>
      Given an image "unstorable" whose layer has the digest "<digest>", read through <reader>
      And the environment variable is set "EC_CACHE=true"
      And the files outside the cache directory are recorded
      When "validate image" is run
      Then "unstorable" fails, and the cause names "escaped"
      And nothing outside the cache directory was changed
      And the cache directory is empty

      Examples: input.image.files
        | id | digest                         | reader            |
        | 6  | sha256:../../escaped           | input.image.files |
        | 7  | ../../../../escaped:0123456789 | input.image.files |

      Examples: ec.oci.image_files
        | id | digest                     | reader             |
        | 8  | sha256:../../../../escaped | ec.oci.image_files |

  Rule: 27 Portable names

    @cache-27 @cache-27.<id>
    Scenario Outline: each name is valid on every system, with <algorithm> digests
      Given 2 images that share a layer in gzip with a <algorithm> digest, read through <reader>
      And the environment variable is set "EC_CACHE=true"
      And the first request for the shared layer is held in the middle
      When "validate image" starts
      And the shared layer is held
      Then each name in the cache directory is valid on Windows
      When the shared layer is released
      And the validation ends
      Then the validation is correct
      And the cache directory keeps the shared layer
      And each name in the cache directory is valid on Windows

      Examples: input.image.files
        | id | algorithm | reader            |
        | 1  | sha256    | input.image.files |

      Examples: ec.oci.image_files
        | id | algorithm | reader             |
        | 2  | sha512    | ec.oci.image_files |
