"""The user's own function, by its import path."""

from collections.abc import Callable
from importlib import import_module
from inspect import signature

from mdml_tune.config.network import CustomConfig
from mdml_tune.errors import ConfigError


def imported(config: CustomConfig) -> Callable[..., object]:
    """The function that ``config`` names, which takes what it will be called with.

    Raises:
        ConfigError: Its module cannot be imported, has no such function, or the function does not
            take the channels and the options.
    """
    where, name = config.function.split(":")
    try:
        module = import_module(where)
    except (ImportError, SyntaxError) as error:
        raise ConfigError(
            f"network.function: {where} cannot be imported ({error}). Install its package on every "
            "machine of the study, or name its folder in PYTHONPATH there"
        ) from error
    function: object = getattr(module, name, None)
    if not callable(function):
        raise ConfigError(
            f"network.function: {where} has no function {name}. Give package.module:function"
        )
    try:
        signature(function).bind({}, **config.options)
    except TypeError as error:
        raise ConfigError(
            f"network.function: {config.function} cannot be called with the channels and "
            f"network.options ({error}). It takes {name}{signature(function)}"
        ) from error
    return function
