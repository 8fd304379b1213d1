"""Subclasses that differ from a module's class in forward: what a patched module becomes one of."""

import copy
import copyreg
import weakref

# Class -> what is done to it -> the subclass, as long as a module is one of it.
_subclasses = weakref.WeakKeyDictionary()


def _subclass(of_class, forward, **attributes):
    """A class of the same name with another forward. A pickled module is one of the original class."""

    def __reduce_ex__(self, protocol):
        return copyreg._reconstructor, (of_class, object, None), of_class.__reduce_ex__(self, protocol)[2]

    def __deepcopy__(self, memo):
        copied = type(self).__new__(type(self))
        memo[id(self)] = copied
        copied.__dict__ = copy.deepcopy(self.__dict__, memo)
        return copied

    namespace = {
        "__module__": of_class.__module__, "__qualname__": of_class.__qualname__, "__doc__": of_class.__doc__,
        "__reduce_ex__": __reduce_ex__, "__deepcopy__": __deepcopy__, "_gems_original": of_class, "forward": forward, **attributes,
    }  # fmt: skip
    return type(of_class.__name__, (of_class,), namespace)


def made(of_class, key, make_forward, **attributes):
    """The subclass with the forward that make_forward() returns, one for each key."""
    known = _subclasses.setdefault(of_class, {})
    found = known[key]() if key in known else None
    if found is None:
        found = _subclass(of_class, make_forward(), **attributes)
        known[key] = weakref.ref(found)
    return found
