"""pycurl without the asyncio client that its package loads since 7.47.

That one needs `dataclasses`, and those `inspect` and `ast`: 38 million instructions, a tenth of what one image takes
whose policy doesn't come by git (dulwich needs them, too).
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from typing import Any

_PACKAGE, _EXTENSION = "pycurl", "pycurl._pycurl"


def _load() -> Any:
    """What `import pycurl` gives; who does that later gets the same objects.

    Raises:
        ImportError: pycurl isn't installed.
    """
    if _PACKAGE not in sys.modules and _EXTENSION not in sys.modules:
        package = PathFinder.find_spec(_PACKAGE)
        spec = package and PathFinder.find_spec(_EXTENSION, package.submodule_search_locations)
        if spec and spec.loader:
            try:
                module = module_from_spec(spec)
                spec.loader.exec_module(module)
            except ImportError:  # it needs what the package does first, such as naming folders of libraries
                pass
            else:
                sys.modules[_EXTENSION] = module
    if _EXTENSION in sys.modules:
        return sys.modules[_EXTENSION]
    import pycurl  # as a whole

    return pycurl


pycurl = _load()
