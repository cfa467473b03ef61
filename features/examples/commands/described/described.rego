# METADATA
# title: Rules that say much of themselves
# organizations: [Acme]
package release.described

import rego.v1

# METADATA
# title: First
# description: |-
#   The first of them; see xref:second[the second].
#   It has two lines.
# authors:
#   - name: Ann
#     email: ann@acme.example
# related_resources:
#   - ref: https://acme.example/rules
#     description: More of it
# custom:
#   short_name: first
#   collections: [minimal, full]
#   depends_on: [release.described.second]
#   effective_on: 2022-01-01T00:00:00Z
#   ratio: 1.50
deny contains {"code": "release.described.first", "msg": "First"}

# METADATA
# title: Second
# custom:
#   short_name: second
#   collections: [full]
warn contains {"code": "release.described.second", "msg": "Second"}

# METADATA
# title: Third, by another name
# custom:
#   short_name: third
violation contains {"code": "release.described.third", "msg": "Third"}

# METADATA
# title: A text that helps
helping := "text"
