Feature: The layer cache and false claims

  Layers are cached, and images validated, by what was fetched and verified, and never by what an image, its
  configuration or the registry claims. What can't be verified is an error of its component.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --workers ${IMAGE_COUNT} --output json"
    And the environment variable is set "EC_CACHE=true"

  Rule: 9 Wrong bytes never reach a policy

    @cache-09 @cache-09.<id>
    Scenario Outline: a layer in <form> that was <fault> never reaches a policy
      Given 2 images that share a layer in <form> with a sha256 digest, read through <reader>
      And every request for the shared layer is <fault>
      When "validate image" is run
      Then every image fails because of <cause> of the shared layer
      And no policy saw other files than those of its image
      And nothing in the cache directory is damaged

      Examples: input.image.files
        | id | form           | fault                               | cause          | reader            |
        | 1  | gzip           | changed by one bit within a file    | a wrong digest | input.image.files |
        | 2  | no compression | changed by one bit within a file    | a wrong digest | input.image.files |
        | 3  | gzip           | changed by one bit in the middle    | a wrong digest | input.image.files |
        | 4  | gzip           | cut by a short length in the middle | a wrong size   | input.image.files |
        | 5  | no compression | ended early at an entry boundary    | a wrong size   | input.image.files |

      Examples: ec.oci.image_files
        | id | form           | fault                               | cause          | reader             |
        | 6  | gzip           | changed by one bit within a file    | a wrong digest | ec.oci.image_files |
        | 7  | no compression | changed by one bit within a file    | a wrong digest | ec.oci.image_files |
        | 8  | gzip           | changed by one bit in the middle    | a wrong digest | ec.oci.image_files |
        | 9  | gzip           | cut by a short length in the middle | a wrong size   | ec.oci.image_files |
        | 10 | no compression | ended early at an entry boundary    | a wrong size   | ec.oci.image_files |

    @cache-09 @cache-09.<id>
    Scenario Outline: another valid layer of the same size never reaches a policy, <when>
      Given 2 images that share a layer, read through <reader>
      And an image "substitute" with another layer of the same size
      And the environment variable is set "EC_CACHE=<cache>"
      And every request for the shared layer is replaced by the substituted layer
      When "validate image" is run for "bundle-1" and "bundle-2"
      Then every bundle fails because of a wrong digest of the shared layer
      And no policy saw other files than those of its image
      And nothing in the cache directory is damaged

      Examples: input.image.files
        | id | when            | cache | reader            |
        | 11 | with a cache    | true  | input.image.files |
        | 12 | without a cache | false | input.image.files |

      Examples: ec.oci.image_files
        | id | when            | cache | reader             |
        | 13 | with a cache    | true  | ec.oci.image_files |
        | 14 | without a cache | false | ec.oci.image_files |

    @cache-09 @cache-09.<id>
    Scenario Outline: <artifact> that was <fault> is rejected
      Given 2 images that share a layer, read through <reader>
      And an image "apart" that shares nothing with the others
      And every request for <artifact> is <fault>
      When "validate image" is run
      Then "bundle-1" fails because of a wrong digest of <artifact>
      And no policy saw other files than those of its image

      Examples: input.image.files
        | id | artifact                        | fault                                       | reader            |
        | 15 | the manifest of "bundle-1"      | changed by one bit in the middle            | input.image.files |
        | 16 | the manifest of "bundle-1"      | replaced by the manifest of "bundle-2"      | input.image.files |
        | 17 | the configuration of "bundle-1" | changed by one bit in the middle            | input.image.files |
        | 18 | the configuration of "bundle-1" | replaced by the configuration of "bundle-2" | input.image.files |

      Examples: ec.oci.image_files
        | id | artifact                   | fault                                  | reader             |
        | 19 | the manifest of "bundle-1" | changed by one bit in the middle       | ec.oci.image_files |
        | 20 | the manifest of "bundle-1" | replaced by the manifest of "bundle-2" | ec.oci.image_files |

  Rule: 12 Keyed by what was verified

    @cache-12 @cache-12.<id>
    Scenario Outline: an image isn't validated by what its configuration claims, <first> first
      Given 1 image that shares a layer, read through <reader>
      And an image "forged" that claims the diffID of the shared layer
      When "validate image" is run for "<first>"
      Then the validation of "<first>" is correct
      When the content of the cache directory is recorded
      And "validate image" is run for "<second>"
      Then the validation of "<second>" is correct
      And <artifact of the second> was fetched exactly once
      And what was in the cache directory is still there
      And nothing in the cache directory is damaged
      When "validate image" is run
      Then the validation is correct
      And no layer was fetched

      Examples: input.image.files
        | id | first    | second   | artifact of the second      | reader            |
        | 1  | bundle-1 | forged   | the large layer of "forged" | input.image.files |
        | 2  | forged   | bundle-1 | the shared layer            | input.image.files |

      Examples: ec.oci.image_files
        | id | first    | second   | artifact of the second      | reader             |
        | 3  | bundle-1 | forged   | the large layer of "forged" | ec.oci.image_files |
        | 4  | forged   | bundle-1 | the shared layer            | ec.oci.image_files |

    @cache-12 @cache-12.<id>
    Scenario Outline: an image isn't validated by what its configuration claims, both at once
      Given 1 image that shares a layer, read through <reader>
      And an image "forged" that claims the diffID of the shared layer
      And every image waits before its layers
      And the first request for the <held> is held in the middle
      When "validate image" is run, with the <held> held until no request is in flight
      Then the validation is correct
      And each layer was fetched exactly once
      And nothing in the cache directory is damaged

      Examples: input.image.files
        | id | held         | reader            |
        | 5  | shared layer | input.image.files |

      Examples: ec.oci.image_files
        | id | held                    | reader             |
        | 6  | large layer of "forged" | ec.oci.image_files |

    @cache-12 @cache-12.<id>
    Scenario Outline: one archive compressed in two ways is two layers
      Given 2 images with one archive compressed in two ways, read through <reader>
      When "validate image" is run for "bundle-1"
      Then the validation of "bundle-1" is correct
      When "validate image" is run for "bundle-2"
      Then the validation of "bundle-2" is correct
      And the second packing was fetched exactly once
      When "validate image" is run
      Then the validation is correct
      And no layer was fetched

      Examples: input.image.files
        | id | reader            |
        | 7  | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 8  | ec.oci.image_files |

  Rule: 23 Unreadable is an error

    @cache-23 @cache-23.<id>
    Scenario Outline: a layer that <how> is an error though its digest is correct, <when>
      Given an image "unreadable" with a layer that <how>, read through <reader>
      And the environment variable is set "EC_CACHE=<cache>"
      When "validate image" is run
      Then "unreadable" fails because of a damaged archive of the large layer of "unreadable"
      And no policy saw other files than those of its image

      Examples: input.image.files
        | id | how                                    | when            | cache | reader            |
        | 1  | isn't an archive                          | with a cache    | true  | input.image.files |
        | 2  | is truncated within its compression            | with a cache    | true  | input.image.files |
        | 3  | is truncated within a file                     | with a cache    | true  | input.image.files |
        | 4  | has a wrong checksum                    | with a cache    | true  | input.image.files |
        | 5  | has a damaged header between two files | with a cache    | true  | input.image.files |
        | 6  | is truncated within its compression            | without a cache | false | input.image.files |

      Examples: ec.oci.image_files
        | id | how                                    | when            | cache | reader             |
        | 7  | isn't an archive                          | with a cache    | true  | ec.oci.image_files |
        | 8  | is truncated within its compression            | with a cache    | true  | ec.oci.image_files |
        | 9  | is truncated within a file                     | with a cache    | true  | ec.oci.image_files |
        | 10 | has a wrong checksum                    | with a cache    | true  | ec.oci.image_files |
        | 11 | has a damaged header between two files | with a cache    | true  | ec.oci.image_files |
        | 12 | has a damaged header between two files | without a cache | false | ec.oci.image_files |

    @cache-23 @cache-23.<id>
    Scenario Outline: a layer that <how> is an error when it is cached, too
      Given an image "unreadable" with a layer that <how>, read through <reader>
      When "validate image" is run
      And "validate image" is run again
      Then "unreadable" fails because of a damaged archive of the large layer of "unreadable"
      And no policy saw other files than those of its image

      Examples: input.image.files
        | id | how                         | reader            |
        | 19 | is truncated within its compression | input.image.files |

      Examples: ec.oci.image_files
        | id | how                | reader             |
        | 20 | is truncated within a file | ec.oci.image_files |

    @cache-23 @cache-23.<id>
    Scenario Outline: <artifact> that was <fault> is an error, <when>
      Given 1 image that shares a layer, read through <reader>
      And the environment variable is set "EC_CACHE=<cache>"
      And every request for <artifact> is <fault>
      When "validate image" is run with
        | --retry-duration | 10ms |
        | --retry-max-wait | 20ms |
      Then "bundle-1" fails because of <cause> of <artifact>
      And no policy saw other files than those of its image

      Examples: input.image.files
        | id | artifact                    | fault                      | cause             | when            | cache | reader            |
        | 13 | the shared layer            | reset at an entry boundary | a broken transfer | without a cache | false | input.image.files |
        | 14 | the own layer of "bundle-1" | answered with status 404   | the status 404    | with a cache    | true  | input.image.files |
        | 15 | the own layer of "bundle-1" | reset in the middle        | a broken transfer | without a cache | false | input.image.files |

      Examples: ec.oci.image_files
        | id | artifact                    | fault                      | cause             | when            | cache | reader             |
        | 16 | the shared layer            | reset at an entry boundary | a broken transfer | without a cache | false | ec.oci.image_files |
        | 17 | the own layer of "bundle-1" | answered with status 404   | the status 404    | with a cache    | true  | ec.oci.image_files |
        | 18 | the own layer of "bundle-1" | reset in the middle        | a broken transfer | without a cache | false | ec.oci.image_files |

  Rule: 29 Gone at the registry

    @cache-29 @cache-29.<id>
    Scenario Outline: a cached layer is used when the registry has lost it
      Given 2 images that share a layer, read through <reader>
      When "validate image" is run for "bundle-1"
      Then the validation of "bundle-1" is correct
      Given every request for the shared layer is answered with status 404
      When "validate image" is run
      Then the validation is correct
      And the shared layer was fetched at most 0 times

      Examples: input.image.files
        | id | reader            |
        | 1  | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 2  | ec.oci.image_files |

  Rule: 30 Forms

    @cache-30 @cache-30.<id>
    Scenario Outline: a layer in <form> with a <algorithm> digest is read and cached
      Given 2 images that share a layer in <form> with a <algorithm> digest, read through <reader>
      When "validate image" is run
      Then the validation is correct
      And each layer was fetched exactly once
      And nothing in the cache directory is damaged
      And the cache directory keeps the shared layer
      When "validate image" is run again
      Then the validation is correct
      And no layer was fetched

      Examples: input.image.files
        | id | form           | algorithm | reader            |
        | 1  | zstd           | sha256    | input.image.files |
        | 2  | no compression | sha256    | input.image.files |
        | 3  | gzip           | sha512    | input.image.files |

      Examples: ec.oci.image_files
        | id | form           | algorithm | reader             |
        | 4  | zstd           | sha256    | ec.oci.image_files |
        | 5  | no compression | sha256    | ec.oci.image_files |
        | 6  | gzip           | sha512    | ec.oci.image_files |

    @cache-30 @cache-30.<id>
    Scenario Outline: a layer in <form> with a <algorithm> digest is kept from one run to the next
      Given 2 images that share a layer in <form> with a <algorithm> digest, read through <reader>
      When "validate image" is run for "bundle-1"
      Then the validation of "bundle-1" is correct
      And the shared layer was fetched exactly once
      And nothing in the cache directory is damaged
      And the cache directory keeps the shared layer
      When "validate image" is run for "bundle-2"
      Then the validation of "bundle-2" is correct
      And the shared layer was fetched at most 0 times

      Examples: input.image.files
        | id | form           | algorithm | reader            |
        | 13 | zstd           | sha256    | input.image.files |
        | 14 | no compression | sha256    | input.image.files |
        | 15 | gzip           | sha512    | input.image.files |

    @cache-30 @cache-30.<id>
    Scenario Outline: a layer with the correct digest in <algorithm>, which is insecure, is an error
      Given an image "unstorable" whose layer has its digest of <algorithm>, read through <reader>
      And the files outside the cache directory are recorded
      When "validate image" is run
      Then "unstorable" fails, and the cause names "${LAYER_DIGEST}"
      And nothing outside the cache directory was changed
      And the cache directory is empty

      Examples: input.image.files
        | id | algorithm | reader            |
        | 7  | md5       | input.image.files |

      Examples: ec.oci.image_files
        | id | algorithm | reader             |
        | 8  | md5       | ec.oci.image_files |

    @cache-30 @cache-30.<id> @embedded
    Scenario Outline: the URL of a layer isn't followed, and the registry has the layer
      Given an image "bundle-1" whose layer is at a URL and at the registry, read through <reader>
      When "validate image" is run
      Then the validation is correct
      And the URL was not requested

      Examples: input.image.files
        | id | reader            |
        | 9  | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 11 | ec.oci.image_files |

    @cache-30 @cache-30.<id> @embedded
    Scenario Outline: the URL of a layer isn't followed, though the registry lacks the layer
      Given an image "bundle-1" whose layer is at a URL and not at the registry, read through <reader>
      When "validate image" is run
      Then "bundle-1" fails because of the status 404 of the large layer of "bundle-1"
      And the URL was not requested

      Examples: input.image.files
        | id | reader            |
        | 10 | input.image.files |

      Examples: ec.oci.image_files
        | id | reader             |
        | 12 | ec.oci.image_files |
