package seen

import rego.v1

default seen := "an image"

seen := input.image.config.Labels.seen

seen := "nothing" if not input.image.config

warn contains seen
