Feature: The layer cache and damage in its directory

  What lies in the cache directory is believed only when its digest is right. What is damaged is fetched once more, and
  whole again afterwards. Scenarios find a layer's file by its name: it ends in the digest of the layer, or of the
  archive in it (docs/cache-scenarios.md).

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --workers ${IMAGE_COUNT} --output json"
    And the environment variable is set "EC_CACHE=true"

  Rule: 10 A hit is verified

    @cache-10 @cache-10.<id>
    Scenario Outline: a cached layer that was <damage> is fetched once more
      Given 2 images that share a layer, read through <reader>
      When "validate image" is run
      Then the validation is right
      Given what the cache directory holds of the shared layer is <damage>
      And the surroundings of the cache directory are remembered
      When "validate image" is run again
      Then the validation is right
      And the shared layer was fetched exactly once
      And nothing in the cache directory is damaged
      And the cache directory keeps the shared layer
      And the cache directory has no temporary
      And nothing outside of the cache directory was touched
      When "validate image" is run again
      Then the validation is right
      And no layer was fetched

      Examples: input.image.files
        | id | damage                                      | reader            |
        | 1  | cut in the middle                           | input.image.files |
        | 2  | cut at an entry boundary                    | input.image.files |
        | 3  | emptied                                     | input.image.files |
        | 4  | changed by one word, its size and time kept | input.image.files |
        | 5  | replaced by another archive                 | input.image.files |
        | 6  | replaced by a directory                     | input.image.files |
        | 7  | replaced by a link to nothing               | input.image.files |
        | 8  | replaced by a link to a file outside        | input.image.files |

      Examples: ec.oci.image_files
        | id | damage                                      | reader             |
        | 9  | cut in the middle                           | ec.oci.image_files |
        | 10 | cut at an entry boundary                    | ec.oci.image_files |
        | 11 | emptied                                     | ec.oci.image_files |
        | 12 | changed by one word, its size and time kept | ec.oci.image_files |
        | 13 | replaced by another archive                 | ec.oci.image_files |
        | 14 | replaced by a directory                     | ec.oci.image_files |
        | 15 | replaced by a link to nothing               | ec.oci.image_files |
        | 16 | replaced by a link to a file outside        | ec.oci.image_files |

    @cache-10 @cache-10.<id>
    Scenario Outline: a cached layer that was right for one component isn't believed for the next
      Given 2 images that share a layer, read through <reader>
      When "validate image" is run for "bundle-2"
      Then the validation of "bundle-2" is right
      Given the first request for the own layer of "bundle-1" is held at the start
      And "bundle-2" waits before its layers
      When "validate image" starts
      And the own layer of "bundle-1" is held
      And what the cache directory holds of the shared layer is replaced by another archive
      And "bundle-2" resumes
      And no request is in flight
      And the own layer of "bundle-1" is released
      And the validation ends
      Then the validation is right
      And the shared layer was fetched at most once

      Examples: input.image.files
        | id | reader            |
        | 17 | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 18 | ec.oci.image_files |

  Rule: 14 Dead holder

    @cache-14 @cache-14.<id>
    Scenario Outline: locks and temporaries that others left change nothing
      Given 2 images that share a layer, read through <reader>
      And the cache directory has these files before
        | .lock                   |
        | lock                    |
        | images.lock             |
        | <hex>.lock              |
        | <digest>.lock           |
        | sha256-<hex>.lock       |
        | .sha256-<hex>.lock      |
        | .sha256-<hex>.tmp       |
        | sha256-<hex>.tmp        |
        | sha256-<hex>.part       |
        | .tmp-1                  |
        | tmp1234567              |
        | download.pid            |
        | notes.txt               |
        | sha256-0123456789abcdef |
        | a folder/notes.txt      |
      When "validate image" starts
      And the validation ends soon
      Then the validation is right
      And each layer was fetched exactly once
      And the files that were there before and don't begin with a dot are unchanged
      When "validate image" starts
      And the validation ends soon
      Then the validation is right
      And no layer was fetched
      And the files that were there before and don't begin with a dot are unchanged

      Examples: input.image.files
        | id | reader            |
        | 11 | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 12 | ec.oci.image_files |

  Rule: 20 Old directories

    @cache-20 @cache-20.<id>
    Scenario Outline: the <content> by the name of an older version does no harm
      Given 2 images that share a layer, read through <reader>
      And the cache directory has the <content> of the shared layer by the name of an older version
      When "validate image" is run
      Then the validation is right

      Examples: input.image.files
        | id | content                     | reader            |
        | 1  | archive                     | input.image.files |
        | 2  | archive without its padding | input.image.files |
        | 3  | half archive                | input.image.files |
        | 4  | empty archive               | input.image.files |
        | 5  | compressed bytes            | input.image.files |

      Examples: ec.oci.image_files
        | id | content                     | reader             |
        | 6  | archive                     | ec.oci.image_files |
        | 7  | archive without its padding | ec.oci.image_files |
        | 8  | half archive                | ec.oci.image_files |
        | 9  | empty archive               | ec.oci.image_files |
        | 10 | compressed bytes            | ec.oci.image_files |
