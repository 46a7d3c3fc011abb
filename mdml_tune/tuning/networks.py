"""Looking at a study's networks before anything is spent on them."""

from mdml_tune.models.build import check_network
from mdml_tune.spaces.study import Study


def check_networks(study: Study) -> None:
    """Look for what would make a trial of ``study`` fail when it builds its networks.

    Raises:
        ConfigError: A function cannot be imported or called, or weights do not fit.
        UnavailableError: Weights are not there and cannot be downloaded.
    """
    used = [network for config in study.corners for network in config.networks]
    used.append(study.baseline_config(study.tasks[0]).network)
    checked: list[object] = []
    for network in used:
        if network not in checked:
            check_network(network)
            checked.append(network)
