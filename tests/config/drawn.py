"""Trials drawn at random: every section and setting there is, so that they fit each other."""

from typing import Any

from hypothesis import strategies as st

from mdml_tune.tasks import CLASSIFICATION_LIKE, Task

Values = dict[str, Any]

S, D, N, E, A = (task.value for task in Task)

PLAIN = (
    *("equal", "si", "uncertainty", "rlw", "gls", "pcgrad", "graddrop", "mgda", "imtl_g"),
    "aligned_mtl",
)
"""Weightings without settings."""

positive = st.floats(1e-3, 9) | st.integers(1, 9)
shares = st.floats(0, 0.9)
counts = st.integers(1, 4)


def section(**settings: st.SearchStrategy[Any]) -> st.SearchStrategy[Values]:
    """Any of ``settings`` may be left out."""
    return st.fixed_dictionaries({}, optional=settings)


def one_of(kinds: Values) -> st.SearchStrategy[Values]:
    """One of several kinds, with any of its settings."""
    return st.one_of(
        st.fixed_dictionaries({"kind": st.just(kind)}, optional=settings).map(_with_function)
        for kind, settings in kinds.items()
    )


def _with_function(section: Values) -> Values:
    return {**section, "function": "mine.net:build"} if section["kind"] == "custom" else section


residual = {
    "backbone": st.sampled_from(["resnet18", "resnet101"]),
    "pretrained": st.sampled_from([None, "imagenet", "~/weights.pt"]),
}
NETWORKS = {
    "unet": {"width": st.integers(4, 512), "dropout": shares},
    "segnet": {"width": st.integers(4, 512)},
    "segnet_mtan": {"width": st.integers(4, 512)},
    "deeplabv3": residual,
    "mtan": residual,
    "custom": {"options": st.just({"a": 1, "b": 0.5, "c": True, "d": None, "e": "f", "g": 2.0})},
}
networks = one_of(NETWORKS)
WEIGHTINGS = {
    "dwa": {"temperature": positive},
    "dtp": {"gamma": positive, "smoothing": shares},
    "gradnorm": {"alpha": positive, "learning_rate": positive},
    "stch": {"mu": positive, "warmup_epochs": counts},
    "famo": {"learning_rate": positive, "gamma": positive},
    "cagrad": {"c": positive},
    "nash_mtl": {"update_every": counts},
    "fairgrad": {"alpha": positive},
    **{kind: {} for kind in PLAIN},
}
SCHEDULES = {
    "one_cycle": {"warmup": st.floats(0.1, 0.9)},
    "cosine": {},
    "constant": {},
    "step": {"epochs": counts, "factor": st.floats(0.1, 1)},
    "poly": {"power": positive},
}
trainings = section(
    epochs=st.integers(60, 90),
    batch_size=st.integers(1, 16),
    optimizer=section(
        kind=st.sampled_from(["adam", "adamw", "sgd"]),
        learning_rate=positive,
        weight_decay=positive,
    ),
    schedule=one_of(SCHEDULES),
    clip_norm=st.none() | positive,
    accumulate=counts,
    precision=st.sampled_from(["fp32", "bf16"]),
    channels_last=st.booleans(),
    compile=st.booleans(),
)
adaptors = section(learning_rate=positive, weight_decay=positive)


@st.composite
def datasets(draw: st.DrawFn) -> Values:
    name = draw(st.sampled_from(["rooms", "nyuv2", "cityscapes", "folder"]))
    offered = {"nyuv2": [S, D, N], "cityscapes": [S, D]}.get(name, [S, D, N, E, A])
    tasks = draw(st.lists(st.sampled_from(offered), min_size=1, unique=True))
    settings = {
        "seed": counts,
        "augmentation": st.sampled_from(["none", "flip", "flip_and_scale"]),
    }
    base: Values = {"dataset": name, "tasks": tasks}
    if name == "rooms":
        base["image_size"] = [32, 64]
        settings |= {"train_size": st.integers(16, 64), "val_size": counts}
    else:
        settings |= {"val_fraction": st.floats(0.1, 0.5)}
    if name == "cityscapes":
        settings |= {"classes": st.sampled_from([7, 19])}
    return {**base, **draw(section(**settings))}


def per_task(tasks: list[str], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return values | st.fixed_dictionaries(dict.fromkeys(tasks, values))


@st.composite
def mutuals(draw: st.DrawFn, tasks: list[str], soft: list[str], network: Values) -> Values:
    convex = draw(st.booleans())
    settings = {
        "peers": st.integers(1, 16)
        | st.lists(networks, max_size=2).map(lambda others: [network, *others]),
        "update": st.sampled_from(["simultaneous", "alternating"]),
        "weight": per_task(tasks, st.just(0) | (shares if convex else positive)),
        "temperature": per_task(soft, positive),
        "target": st.sampled_from(["each", "mean"]),
        "warmup_epochs": st.integers(0, 9),
        "ramp": st.integers(0, 9),
    }
    return {"fusion": "convex" if convex else "additive", **draw(section(**settings))}


@st.composite
def scds(draw: st.DrawFn, tasks: list[str], soft: list[str]) -> Values:
    order = draw(st.permutations(tasks))
    cut = draw(st.integers(0, len(tasks)))
    queues = [None, [block for block in (order[:cut], order[cut:]) if block]]
    settings = {
        "queue": st.sampled_from(queues),
        "blocks": st.sampled_from(["grouped", "one", "each"]),
        "similarity": st.sampled_from(["linear_cka", "rsa_spearman", "gradient_cosine"]),
        "linkage": st.sampled_from(["average", "single"]),
        "grouping_threshold": shares,
        "order": st.sampled_from(["complex_first", "simple_first", "random"]),
        "distil": st.sampled_from(["outputs", "features"]),
        "weight": per_task(tasks, st.just(0) | positive),
        "temperature": per_task(soft, positive),
        "target": st.sampled_from(["own", "block_mean"]),
        "activation": st.sampled_from(["cumulative", "exclusive"]),
        "stage_epochs": st.integers(1, 9),
        "adaptor": adaptors,
    }
    return draw(section(**settings))


@st.composite
def several_changes(draw: st.DrawFn, tasks: list[str], mutual: Values | None) -> list[Values]:
    values = shares if (mutual or {}).get("fusion") == "convex" else positive
    rate = st.fixed_dictionaries({"learning_rate": positive})
    weight = st.fixed_dictionaries({"mimicry": per_task(tasks, st.just(0) | values)})
    both = st.tuples(rate, weight).map(lambda parts: {**parts[0], **parts[1]})
    kinds = st.lists(rate if mutual is None else rate | weight | both, max_size=3)
    epochs = sorted(draw(st.sets(st.integers(1, 39), min_size=3, max_size=3)))
    return [{"epoch": epoch, **one} for epoch, one in zip(epochs, draw(kinds), strict=False)]


@st.composite
def trials(draw: st.DrawFn) -> Values:
    data, network = draw(datasets()), draw(networks)
    tasks = data["tasks"]
    soft = [task for task in tasks if task in CLASSIFICATION_LIKE]
    weight = per_task(tasks, st.just(0) | positive)
    drawn: Values = {"data": data, "network": network, "training": draw(trainings)}
    match draw(st.sampled_from(["ours", "okd_mtl", "r_drop"])):
        case "ours":
            drawn["weighting"] = draw(one_of(WEIGHTINGS))
            drawn["mutual"] = draw(st.none() | mutuals(tasks, soft, network))
            drawn["scd"] = draw(st.none() | scds(tasks, soft))
            drawn["changes"] = draw(several_changes(tasks, drawn["mutual"]))
        case "okd_mtl":
            settings = {"weight": weight, "temperature": positive, "warmup_epochs": counts}
            drawn["okd_mtl"] = draw(section(**settings, adaptor=adaptors))
        case _:
            drawn["network"] = {"kind": "mtan"}
            drawn["r_drop"] = draw(section(weight=weight))
    return drawn
