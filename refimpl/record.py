"""Records: classes of named values, as `dataclasses` make them, at a thirtieth of the price.

`dataclasses` compile source text for each class. That takes 0.3 ms, and with the 80 classes of a run a fifth of its
time. Here all classes share the same few methods, and only those of which many objects are made get a constructor of
their own. Modules that use this need ``from __future__ import annotations``.
"""

from __future__ import annotations

from itertools import count
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, TypeVar, dataclass_transform, overload

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")
_NOTHING: Final[Any] = object()
_MANY: Final = 20  # objects of a class, after which compiling its constructor pays
_set = object.__setattr__


class _Field:
    """What there is to know of a member besides its name."""

    __slots__ = ("compare", "default", "factory", "init", "repr")

    def __init__(self, default: Any, factory: Any, *, init: bool, repr: bool, compare: bool) -> None:  # noqa: A002 - as in dataclasses
        self.default = default
        self.factory = factory
        self.init = init
        self.repr = repr
        self.compare = compare


def field(
    *,
    default_factory: Any = None,
    init: bool = True,
    repr: bool = True,  # noqa: A002 - as in dataclasses
    compare: bool = True,
) -> Any:
    """The default of a member that needs more than a value; see `dataclasses.field`."""
    return _Field(_NOTHING, default_factory, init=init, repr=repr, compare=compare)


@overload
def record(cls: type[_T], /) -> type[_T]: ...
@overload
def record(*, frozen: bool = True, kw_only: bool = False) -> Callable[[type[_T]], type[_T]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[Any] | None = None, /, *, frozen: bool = True, kw_only: bool = False) -> Any:
    """Make a class a record, with an argument of the constructor for each annotated member.

    Records are equal when they are of one class and their members are equal. A method ``__post_init__`` is called at
    the end of the construction; it sets what has ``init=False`` with ``object.__setattr__``.

    Args:
        cls: a class whose bases, if any, are records, and all of whose annotations are members.
        frozen: members can't be set, and the record is hashable if they are.
        kw_only: the constructor takes no positional arguments.
    """
    if cls is None:
        return lambda decorated: _make(decorated, frozen=frozen, kw_only=kw_only)
    return _make(cls, frozen=frozen, kw_only=kw_only)


def field_names(cls: type[Any]) -> tuple[str, ...]:
    """The names of a record's members, in order."""
    return tuple(_fields(cls))


def replace(value: _T, **changes: Any) -> _T:
    """A copy with some members changed.

    Raises:
        TypeError: there is no such member.
    """
    kept = {name: getattr(value, name) for name, one in _fields(type(value)).items() if one.init}
    return type(value)(**(kept | changes))


def _fields(cls: type[Any]) -> dict[str, _Field]:
    found: dict[str, _Field] = cls.__record_fields__
    return found


def _make(cls: type[Any], *, frozen: bool, kw_only: bool) -> type[Any]:
    """Complete the class in place: to make it anew, as slots would need, costs as much as all else here."""
    written = dict(cls.__dict__)
    fields = {name: one for base in cls.__bases__ if base is not object for name, one in _fields(base).items()}
    for name in written.get("__annotations__", ()):
        given = written.get(name, _NOTHING)
        if given is not _NOTHING:
            delattr(cls, name)
        fields[name] = given if isinstance(given, _Field) else _Field(given, None, init=True, repr=True, compare=True)
    added = {
        "__record_fields__": fields,
        "__record_count__": count(1),
        "__record_compared__": _getter([name for name, one in fields.items() if one.compare]),
        "__record_values__": _getter([*fields]),
        "__match_args__": () if kw_only else tuple(name for name, one in fields.items() if one.init),
    }
    for name, value in (added | (_FROZEN if frozen else _METHODS)).items():
        if name not in written:
            setattr(cls, name, value)
    return cls


def _getter(names: list[str]) -> Callable[[Any], Any]:
    """Gives what two records are compared by: a tuple, or the only member's value."""
    return attrgetter(*names) if names else lambda _: ()


def _compile(cls: type[Any]) -> Any:
    """The constructor of one class: what `_init` does, without looking anything up."""
    values: dict[str, Any] = {"NOTHING": _NOTHING, "set": _set}
    parameters, body = ["self"], []
    if not cls.__match_args__ and any(one.init for one in _fields(cls).values()):
        parameters.append("*")
    for name, one in _fields(cls).items():
        if not one.init:
            continue
        value = name
        if one.factory is not None:
            values[f"make_{name}"] = one.factory
            parameters.append(f"{name}=NOTHING")
            value = f"make_{name}() if {name} is NOTHING else {name}"
        elif one.default is not _NOTHING:
            values[f"default_{name}"] = one.default
            parameters.append(f"{name}=default_{name}")
        else:
            parameters.append(name)
        body.append(f"    set(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        body.append("    self.__post_init__()")
    source = f"def __init__({', '.join(parameters)}):\n" + "\n".join(body or ["    pass"])
    exec(source, values)  # noqa: S102 - names of a class's own members
    return values["__init__"]


def _may_compile(cls: type[Any]) -> bool:
    """Whether the members can be a function's parameters: none without a default stands behind one that has one."""
    given = [one for one in _fields(cls).values() if one.init]
    optional = [one.factory is not None or one.default is not _NOTHING for one in given]
    return not cls.__match_args__ or optional == sorted(optional)


def _init(self: Any, *values: Any, **given: Any) -> None:
    cls = type(self)
    if next(cls.__record_count__) >= _MANY and "__init__" in cls.__dict__ and _may_compile(cls):
        cls.__init__ = _compile(cls)
    names = cls.__match_args__
    if not given and len(values) == len(cls.__record_fields__) == len(names):  # as nearly all of them are made
        for name, value in zip(names, values, strict=True):
            _set(self, name, value)
        if hasattr(cls, "__post_init__"):
            self.__post_init__()
        return
    if len(values) > len(names):
        raise TypeError(f"{cls.__name__} takes {len(names)} positional arguments, not {len(values)}")
    for name, value in zip(names, values, strict=False):
        if name in given:
            raise TypeError(f"{cls.__name__} was given {name} twice")
        given[name] = value
    for name, one in cls.__record_fields__.items():
        if not one.init:
            continue
        if name in given:
            _set(self, name, given.pop(name))
        elif one.factory is not None:
            _set(self, name, one.factory())
        elif one.default is not _NOTHING:
            _set(self, name, one.default)
        else:
            raise TypeError(f"{cls.__name__} needs {name}")
    if given:
        raise TypeError(f"{cls.__name__} has no {', '.join(given)}")
    if hasattr(cls, "__post_init__"):
        self.__post_init__()


def _eq(self: Any, other: object) -> Any:
    cls: Any = type(self)
    compared = cls.__record_compared__
    if type(other) is not cls:
        return NotImplemented
    return self is other or compared(self) == compared(other)


def _hash(self: Any) -> int:
    cls: Any = type(self)
    return hash(cls.__record_compared__(self))


def _repr(self: Any) -> str:
    shown = (f"{name}={getattr(self, name)!r}" for name, one in _fields(type(self)).items() if one.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _get_state(self: Any) -> Any:
    """What a pickle has of a record: its members' values in their order, as processes exchange many of them."""
    cls: Any = type(self)
    values = cls.__record_values__(self)
    return (values,) if len(cls.__record_fields__) == 1 else values


def _set_state(self: Any, state: Any) -> None:
    for name, value in zip(type(self).__record_fields__, state, strict=True):
        _set(self, name, value)


def _refuse_set(self: Any, name: str, value: object) -> None:
    del value
    raise AttributeError(f"{type(self).__name__} is frozen: {name} can't be set")


def _refuse_delete(self: Any, name: str) -> None:
    raise AttributeError(f"{type(self).__name__} is frozen: {name} can't be deleted")


_METHODS: Final = {
    "__init__": _init,
    "__eq__": _eq,
    "__hash__": None,
    "__repr__": _repr,
    "__getstate__": _get_state,
    "__setstate__": _set_state,
}
_FROZEN: Final = {**_METHODS, "__hash__": _hash, "__setattr__": _refuse_set, "__delattr__": _refuse_delete}
