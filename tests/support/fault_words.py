"""The words of a fault scene: which steps and expectations there are, and what may be written in them."""
import inspect

VERBS, EXPECTATIONS = {}, {}


class Refused(Exception):
    """A scene that cannot be read; the text is the sentence for its author."""


def verb(function):
    """Marks a step: its name and keys are the function's. The first parameter is the scene."""
    VERBS[function.__name__.rstrip("_")] = function
    return function


def expectation(function):
    """Marks an expectation: function(scene, what the scene says)."""
    EXPECTATIONS[function.__name__] = function
    return function


def known(names, name, place):
    if name not in names:
        raise Refused(f"{place}: there is no '{name}'; known are {', '.join(sorted(names)) or 'none'}")
    return name


def keywords(function, given, place):
    """The keyword arguments of a step, checked; a plain value is the first one's. A key that is a word of Python (`is`,
    `all`) has an underscore behind it there."""
    parameters = {p.name.rstrip("_"): p for p in list(inspect.signature(function).parameters.values())[1:]}
    if not isinstance(given, dict):
        given = {} if given is None else {next(iter(parameters), "value"): given}
    for key in given:
        known(parameters, key, place)
    for key, parameter in parameters.items():
        if parameter.default is parameter.empty and key not in given:
            raise Refused(f"{place}: '{key}' is missing")
    return {parameters[key].name: value for key, value in given.items()}
