"""The status codes of HTTP that something hangs on here (RFC 9110 §15), named as in `http.HTTPStatus`.

That one makes an object of each code there is, with a name, a phrase and a description: a hundredth of a short run.
"""

from __future__ import annotations

from typing import Final

OK: Final = 200
CREATED: Final = 201
MULTIPLE_CHOICES: Final = 300
UNAUTHORIZED: Final = 401
FORBIDDEN: Final = 403
NOT_FOUND: Final = 404
TOO_MANY_REQUESTS: Final = 429
NOT_IMPLEMENTED: Final = 501
