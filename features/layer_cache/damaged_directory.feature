Feature: The layer cache and damage in its directory

  Files in the cache directory are used only if their digests are correct. A damaged file is repaired: its layer is
  fetched once more. Scenarios find a layer's file by its name, which ends in the digest of the layer or of the archive
  in it (docs/cache-scenarios.md).

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --workers ${IMAGE_COUNT} --output json"
    And the environment variable is set "EC_CACHE=true"

  Rule: 10 A hit is verified

    @cache-10 @cache-10.<id>
    Scenario Outline: a cached layer that was <damage> is fetched once more and repaired
      Given 2 images that share a layer, read through <reader>
      When "validate image" is run
      Then the validation is correct
      Given the cached copy of the shared layer is <damage>
      And the files outside the cache directory are recorded
      When "validate image" is run again
      Then the validation is correct
      And the shared layer was fetched exactly once
      And nothing in the cache directory is damaged
      And the cache directory keeps the shared layer
      And the cache directory has no temporary files
      And nothing outside the cache directory was changed
      When "validate image" is run again
      Then the validation is correct
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
    Scenario Outline: a cached layer that was <damage> is repaired for a single image
      Given 1 image that shares a layer, read through <reader>
      When "validate image" is run
      Then the validation is correct
      Given the cached copy of the shared layer is <damage>
      And the files outside the cache directory are recorded
      When "validate image" is run again
      Then the validation is correct
      And the shared layer was fetched exactly once
      And nothing in the cache directory is damaged
      And the cache directory keeps the shared layer
      And nothing outside the cache directory was changed
      When "validate image" is run again
      Then the validation is correct
      And no layer was fetched

      Examples: input.image.files
        | id | damage                                      | reader            |
        | 19 | cut in the middle                           | input.image.files |
        | 20 | changed by one word, its size and time kept | input.image.files |
        | 21 | replaced by another archive                 | input.image.files |
        | 22 | replaced by a directory                     | input.image.files |
        | 23 | replaced by a link to nothing               | input.image.files |
        | 24 | replaced by a link to a file outside        | input.image.files |

    @cache-10 @cache-10.<id>
    Scenario Outline: a cached layer that was valid for one component is verified again for the next
      Given 2 images that share a layer, read through <reader>
      When "validate image" is run for "bundle-2"
      Then the validation of "bundle-2" is correct
      Given the first request for the own layer of "bundle-1" is held at the start
      And "bundle-2" waits before its layers
      When "validate image" starts
      And the own layer of "bundle-1" is held
      And the cached copy of the shared layer is replaced by another archive
      And "bundle-2" resumes
      And no request is in flight
      And the own layer of "bundle-1" is released
      And the validation ends
      Then the validation is correct
      And the shared layer was fetched at most once

      Examples: input.image.files
        | id | reader            |
        | 17 | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 18 | ec.oci.image_files |

  Rule: 14 Dead holder

    @cache-14 @cache-14.<id>
    Scenario Outline: leftover locks and temporary files change nothing
      Given 2 images that share a layer, read through <reader>
      And the cache directory already has the files
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
      Then the validation is correct
      And each layer was fetched exactly once
      And the files that were there already are unchanged, but for those with a dot in front
      When "validate image" starts
      And the validation ends soon
      Then the validation is correct
      And no layer was fetched
      And the files that were there already are unchanged, but for those with a dot in front

      Examples: input.image.files
        | id | reader            |
        | 11 | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 12 | ec.oci.image_files |

    @cache-14 @cache-14.<id>
    Scenario Outline: a single image is right beside leftover locks and temporary files
      Given 1 image that shares a layer, read through <reader>
      And the cache directory already has the files
        | .lock              |
        | <digest>.lock      |
        | sha256-<hex>.lock  |
        | .sha256-<hex>.tmp  |
        | sha256-<hex>.part  |
        | tmp1234567         |
        | notes.txt          |
        | a folder/notes.txt |
      When "validate image" starts
      And the validation ends soon
      Then the validation is correct
      And each layer was fetched exactly once
      And the files that were there already are unchanged, but for those with a dot in front
      When "validate image" starts
      And the validation ends soon
      Then the validation is correct
      And no layer was fetched

      Examples: input.image.files
        | id | reader            |
        | 17 | input.image.files |

  Rule: 20 Old directories

    @cache-20 @cache-20.<id>
    Scenario Outline: the <content> under the name that older versions used does no harm
      Given 2 images that share a layer, read through <reader>
      And the cache directory has the <content> of the shared layer under the name that older versions used
      When "validate image" is run
      Then the validation is correct

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
