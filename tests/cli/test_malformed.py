"""A corpus of studies that cannot be: each gets one message, and leaves nothing behind."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

Call = Callable[..., tuple[int, str, str]]

DATA = "data: {dataset: rooms, tasks: [segmentation, depth], train_size: 4, image_size: [16, 24]}"

HEAD = f"study: x\ntrial:\n  {DATA}\n  training: {{epochs: 4, batch_size: 2}}\n"

MUTUAL = HEAD + "  mutual: {weight: {log_uniform: [0.03, 3.0]}, temperature: {uniform: [1, 6]}}\n"


def trial(line: str) -> str:
    """A study in order but for one more line under its trial."""
    return f"{HEAD}  {line}\n"


def mutual(settings: str) -> str:
    return trial(f"mutual: {{{settings}}}")


def beside(line: str) -> str:
    """A study in order but for one more section beside its trial."""
    return f"{MUTUAL}{line}\n"


def search(settings: str) -> str:
    return beside(f"search: {{{settings}}}")


def data(old: str, new: str) -> str:
    return HEAD.replace(old, new)


SYNTAX: dict[str, tuple[str | bytes, str]] = {
    # name: (the file, what is said)
    "empty": ("", "is empty. A study file has at least 'study' and 'trial'"),
    "only comments": ("# nothing\n", "is empty"),
    "only null": ("null\n", "is empty"),
    "text": ("hello\n", "must hold keys and values"),
    "a number": ("7\n", "must hold keys and values"),
    "a list": ("- study: x\n", "must hold keys and values"),
    "tab": (HEAD + "\tmutual: null\n", "line 5, column 1: not valid YAML"),
    "unclosed": ("study: [x\n", "not valid YAML"),
    "unclosed quote": ("study: 'x\n", "not valid YAML"),
    "bad indent": ("study: x\n trial: {}\n", "line 2"),
    "two documents": (f"{HEAD}---\n{HEAD}", "not valid YAML"),
    "duplicate key": (f"{HEAD}study: y\n", "'study' is given twice (first on line 1). Keep one"),
    "duplicate inner key": (mutual("weight: 1, weight: 2"), "'weight' is given twice"),
    "alias of itself": (trial("mutual: &a {weight: 1, temperature: *a}"), "stand for themselves"),
    "unknown alias": (trial("mutual: *nobody"), "not valid YAML: found undefined alias"),
    "merge key": (trial("mutual: {<<: {weight: 1}}"), "trial.mutual.<<: unknown key"),
    "billion laughs": (
        "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"{b}: &{b} [{', '.join(['*' + a] * 10)}]\n" for a, b in zip("abcdef", "bcdefg", strict=True)),
        "more than 100,000 values",
    ),
    "huge": (HEAD + "# " + "x" * 1_100_000, "longer than 1,000,000 characters"),
    "deep": ("a: " + "[" * 70 + "]" * 70, "deeper than 60"),
    "deeper": ("a: " + "[" * 1000 + "]" * 1000, "error: it.yaml: "),
    "very deep": ("a: " + "[" * 5_000, "error: it.yaml: "),
    "deep mapping": ("".join(f"{' ' * n}a:\n" for n in range(100)) + " " * 100 + "b", "deeper than 60"),
    "python object": ("study: !!python/object/apply:os.getpid []\n", "not valid YAML: could not"),
    "own tag": (trial("mutual: !mutual {}"), "not valid YAML: could not"),
    "nul byte": (HEAD.replace("study: x", "study: x\0y"), "not valid YAML"),
    "escape sequence": (HEAD.replace("study: x", "study: \x1b[31mx"), "not valid YAML"),
    "latin-1": (HEAD.replace("study: x", "study: é").encode("latin-1"), "is not UTF-8 text"),
    "utf-16": (HEAD.encode("utf-16"), "is not UTF-8 text"),
    "bytes": (bytes(range(256)), "not UTF-8"),
    "empty key": (f"{HEAD}? \n: 7\n", "a key must be text, found None"),
    "numeric key": (f"{HEAD}7: x\n", "a key must be text, found 7"),
    "true as key": (f"{HEAD}true: x\n", "a key must be text, found True"),
    "list as key": (f"{HEAD}? [a, b]\n: x\n", "a key must be text"),
    "domain as key": (f"{HEAD}? {{uniform: [0, 1]}}\n: x\n", "a key must be text"),
    "nan": (mutual("weight: .nan"), ".nan is not a finite number"),
    "infinity": (mutual("weight: -.inf"), "-.inf is not a finite number"),
    "overflow": (mutual("weight: 1e999"), "1e999 is not a finite number"),
    "endless integer": (mutual(f"peers: {'9' * 5000}"), "an integer of 5000 characters"),
}  # fmt: skip

VALUES: dict[str, tuple[str, str]] = {
    # the study's own keys
    "no study": (HEAD.replace("study: x\n", ""), "study: is missing"),
    "no trial": ("study: x\n", "trial: is missing"),
    "null study": (HEAD.replace("study: x", "study:"), "study: should be a valid string, found None"),
    "empty study": (HEAD.replace("study: x", "study: ''"), "study: found ''"),
    "number as study": (HEAD.replace("study: x", "study: 7"), "study: should be a valid string"),
    "path as study": (HEAD.replace("study: x", "study: ../../etc"), "study: found '../../etc'"),
    "long study": (HEAD.replace("study: x", f"study: {'x' * 200}"), "allowed: up to 100 letters"),
    "right to left": (HEAD.replace("study: x", "study: 'a\u202eb'"), r"found 'a\u202eb'"),
    "full-width digits": (HEAD.replace("study: x", "study: x１"), "study: found 'x１'"),
    "emoji": (HEAD.replace("study: x", "study: 🙂"), "study: found"),
    "null trial": ("study: x\ntrial:\n", "trial: should be"),
    "list as trial": ("study: x\ntrial: [1]\n", "trial: should be"),
    "domain as trial": ("study: x\ntrial: {choice: [{}, {}]}\n", "trial: a domain stands for a value"),
    "unknown section": (beside("serach: {}"), "did you mean 'search'?"),
    "null search": (beside("search:"), "search: should be"),
    "list as search": (beside("search: [trials]"), "search: should be"),
    "text as budget": (beside("budget: much"), "budget: should be"),
    "null resources": (beside("resources: null"), "resources: should be"),
    "number as methods": (beside("methods: 3"), "methods: should be"),
    "null method": (beside("methods: {a: null}"), "methods.a: should be"),
    # values of other types
    "text for a number": (mutual("weight: '1'"), "mutual.weight: should be a valid number, found '1'"),
    "truth for a number": (mutual("weight: true"), "mutual.weight: should be a valid number, found True"),
    "unicode digits": (mutual("weight: １"), "found '１'"),
    "arabic digits": (mutual("warmup_epochs: ١"), "found '١'"),
    "hexadecimal": (mutual("warmup_epochs: 0x2"), "should be a valid integer, found '0x2'"),
    "octal": (mutual("warmup_epochs: 0o2"), "found '0o2'"),
    "sexagesimal": (mutual("warmup_epochs: 1:30"), "found '1:30'"),
    "underscores": (mutual("warmup_epochs: 1_0"), "found '1_0'"),
    "date": (mutual("warmup_epochs: 2024-01-02"), "found '2024-01-02'"),
    "fraction for an integer": (mutual("warmup_epochs: 1.5"), "should be a valid integer, found 1.5"),
    "percent": (mutual("weight: 30%"), "found '30%'"),
    "comma": (mutual("weight: '0,3'"), "found '0,3'"),
    "null weight": (mutual("weight: null"), "trial.mutual.weight"),
    "list for a mapping": (trial("mutual: [2]"), "trial.mutual: should be"),
    "mapping for a number": (mutual("peers: {a: 1}"), "trial.mutual.peers: should be"),
    "misspelt": (mutual("temprature: 2"), "did you mean 'temperature'?"),
    "key that a terminal obeys": (trial(r'"\e[31m": 1'), r"trial.\x1b[31m: unknown key"),
    "key from right to left": (trial("'a\u202eb': 1"), r"trial.a\u202eb: unknown key"),
    "misspelt section": (trial("mutaul: null"), "did you mean 'mutual'?"),
    "huge integer": (mutual("warmup_epochs: 99999999999999999999999"), "trial.mutual.warmup_epochs"),
    "negative weight": (mutual("weight: -1"), "greater than or equal to 0, found -1"),
    "weight of another task": (mutual("weight: {depth: 1, edges: 1}"), "segmentation, depth, or be one"),
    "weight of no task": (mutual("weight: {}"), "names no task"),
    "temperature 0": (mutual("temperature: 0"), "greater than 0, found 0"),
    # what is learnt from
    "no data": ("study: x\ntrial: {training: {epochs: 3}}\n", "trial.data: is missing"),
    "unknown data": (data("rooms", "nyu_v2"), "did you mean 'nyuv2'?"),
    "no tasks": (data("[segmentation, depth]", "[]"), "trial.data.tasks: should hold at least 1"),
    "unknown task": (data("segmentation, depth", "segmentation, dept"), "did you mean 'depth'?"),
    "task twice": (data("segmentation, depth", "depth, depth"), "a task is named twice"),
    "task of other data": (
        HEAD.replace(DATA, "data: {dataset: cityscapes, tasks: [normals]}"),
        "cityscapes has no normals",
    ),
    "image of no size": (data("[16, 24]", "[0, 24]"), "image_size.0: should be greater than"),
    "image of odd size": (data("[16, 24]", "[17, 24]"), "image_size.0: should be a multiple of 8"),
    "image of one side": (data("[16, 24]", "[16]"), "trial.data.image_size"),
    "image of three sides": (data("[16, 24]", "[16, 24, 3]"), "trial.data.image_size"),
    "negative size": (data("train_size: 4", "train_size: -4"), "train_size: should be greater than 0"),
    "batch above data": (HEAD.replace("batch_size: 2", "batch_size: 9"), "9 exceeds train_size 4"),
    "no epochs": (HEAD.replace("epochs: 4", "epochs: 0"), "trial.training.epochs: should be greater"),
    "domain under data": (data("train_size: 4", "train_size: {int: [2, 4]}"), "data.train_size: what is"),
    "choice of data": (HEAD.replace(DATA, f"data: {{choice: [{{{DATA[7:-1]}}}, null]}}"), "trial.data"),
    # networks and peers
    "no peers": (mutual("peers: 0"), "trial.mutual.peers: should be greater than or equal to 1"),
    "many peers": (mutual("peers: 99"), "less than or equal to 16, found 99"),
    "empty list of peers": (mutual("peers: []"), "trial.mutual.peers: should hold at least 1"),
    "peers of no kind": (mutual("peers: [{kind: unet}, {width: 8}]"), "peers.1.kind: is missing"),
    "mismatched peers": (
        trial("network: {kind: unet, width: 4}\n  mutual: {peers: [{kind: unet}, {kind: unet}]}"),
        "network: differs from the first of mutual.peers",
    ),
    "unknown network": (trial("network: {kind: resnet}"), "trial.network.kind: found 'resnet', allowed"),
    "width of another kind": (trial("network: {kind: mtan, width: 8}"), "width: unknown key"),
    "network without dropout": (trial("r_drop: {weight: 1}"), "r_drop needs a network with dropout"),
    # domains
    "empty choice": (mutual("weight: {choice: []}"), "choice takes a list of at least one option"),
    "choice of a mapping": (mutual("weight: {choice: {}}"), "choice takes a list of at least one option"),
    "choice of text": (mutual("weight: {choice: abc}"), "found 'abc'"),
    "equal options": (mutual("weight: {choice: [1, true]}"), "options 0 and 1 are equal"),
    "choice in choice": (mutual("weight: {choice: [1, {choice: [high]}]}"), "trial.mutual.weight"),
    "domain in list": (mutual("peers: [{kind: unet}, {uniform: [0, 1]}]"), "trial.mutual.peers.1"),
    "bounds of a range": (mutual("weight: {uniform: [{uniform: [0, 1]}, 2]}"), "takes finite numbers"),
    "inverted": (mutual("weight: {uniform: [3, 1]}"), "low 3 exceeds high 1"),
    "constant": (mutual("weight: {uniform: [1, 1]}"), "low and high are both 1"),
    "one bound": (mutual("weight: {uniform: [1]}"), "uniform takes [low, high]"),
    "text as bound": (mutual("weight: {uniform: ['0', 1]}"), "finite numbers, found '0'"),
    "no bounds": (mutual("weight: {uniform: }"), "found None"),
    "log of 0": (mutual("weight: {log_uniform: [0, 1]}"), "log_uniform needs bounds above 0"),
    "log with a step": (mutual("weight: {log_uniform: [1, 2, 1]}"), "log_uniform takes no step"),
    "step that does not fit": (mutual("warmup_epochs: {int: [0, 3, 2]}"), "step 2 does not divide"),
    "int of fractions": (mutual("warmup_epochs: {int: [0.5, 2]}"), "int takes whole numbers, found 0.5"),
    "two words": (mutual("weight: {uniform: [0, 1], log: true}"), "stands alone, found 'log'"),
    "misspelt domain": (mutual("weight: {unifrom: [0, 1]}"), "did you mean 'uniform'?"),
    "bare list": (mutual("weight: [0, 1]"), "trial.mutual.weight"),
    "corner outside": (mutual("warmup_epochs: {int: [0, 9]}"), "give at most 3"),
    "endless choice": (mutual(f"warmup_epochs: {{choice: {list(range(2000))}}}"), "at most 1,000 options"),
    # methods
    "unknown in a method": (beside("methods: {a: {mutaul: null}}"), "methods.a.mutaul: unknown key"),
    "data in a method": (beside("methods: {a: {data: {train_size: 2}}}"), "methods.a.data"),
    "method named as a domain": (beside("methods: {uniform: {}}"), "not like a domain"),
    "method named oddly": (beside("methods: {'a/b': {}}"), "methods.a/b: a method is named"),
    # how to search
    "no trials": (search("trials: 0"), "search.trials: should be greater than 0"),
    "negative seed": (search("seed: -1"), "search.seed: should be greater than or equal to 0"),
    "sampler by name": (search("sampler: tpe"), "search.sampler: should be"),
    "unknown sampler": (search("sampler: {kind: optuna}"), "search.sampler.kind: found 'optuna'"),
    "grid without steps": (mutual("weight: {uniform: [0, 1]}") + "search: {sampler: {kind: grid}}\n", "a grid needs a countable number"),
    "unknown objective": (search("objective: miou"), "search.objective: found 'miou', allowed"),
    "objective of another task": (search("objective: [delta_m, delta_m/edges]"), "search.objective.1"),
    "objective as mapping": (search("objective: {delta_m: 1}"), "or a list of them"),
    "grace beyond the end": (search("early_stopping: {kind: asha, grace_epochs: 9}"), "9 exceeds"),
    "stopping of no kind": (search("early_stopping: {reduction: 3}"), "early_stopping.kind: is missing"),
    "pbt with tpe": (search("early_stopping: {kind: pbt, interval_epochs: 2}"), "search.sampler.kind"),
    "stages the wrong way": (search("stages: [{seeds: 3}, {seeds: 1, top: 2}]"), "stages.1.seeds"),
    "stage of nobody": (search("stages: [{}, {seeds: 2, top: 0}]"), "stages.1.top"),
    "start elsewhere": (search("start_with: [{mutual.weight: 9}]"), "start_with.0.mutual.weight: found 9"),
    "start with sections": (search("start_with: [{mutual: {weight: 1}}]"), "start_with.0.mutual"),
    "requirement of nobody": (beside("require: [mutual.weight > 3]"), "require.0: no trial fulfils"),
    "requirement as code": (beside("require: ['exit() > 3']"), "require.0: found 'exit()'"),
    "requirement of one word": (beside("require: training.epochs"), "require: should be"),
    "budget as text": (beside("budget: {wall_clock: 2h}"), "budget.wall_clock: should be"),
    "budget that never ends": (beside("budget: {gpu_hours: 3}"), "limit budget.wall_clock instead"),
    "baseline that is searched": (beside("baseline: {trial: {training: {epochs: {int: [2, 4]}}}}"), "must be one value"),
    "baseline of mutual": (beside("baseline: {trial: {mutual: null}}"), "baseline.trial.mutual: unknown"),
    "half a GPU too many": (beside("resources: {gpus: 2.5}"), "resources.gpus: found 2.5"),
    "extends nobody": ("study: x\nextends: nobody.yaml\n", "extends: nobody.yaml is neither"),
    "extends itself": ("study: x\nextends: it.yaml\n", "extends: goes in a circle"),
    "extends a list": ("study: x\nextends: [a]\n", "extends: takes the path or name"),
    "extends without a name": ("extends: rooms_mdml\n", "study: is missing"),
}  # fmt: skip

SET = {
    # what follows --set: what is said
    "mutual.weight": "write PATH=VALUE",
    "=3": "write PATH=VALUE",
    "mutual..weight=1": "write PATH=VALUE",
    "mutual.weight=": "write PATH=VALUE",
    "mutual.weight=[1, 2]": "takes one value",
    "mutual.weight={uniform: [0, 1]}": "takes one value",
    "mutual.weight={uniform: [0": "not valid YAML",
    "mutual.weight=.nan": "not a finite number",
    "mutual.weight=-1": "trial.mutual.weight: should be greater than or equal to 0, found -1",
    "mutual.weight='1'": "found '1'",
    "mutual.weight=１": "found '１'",
    "mutual.weight.dpth=1": "no 'dpth' below 'mutual.weight'",
    "mutaul.weight=1": "did you mean 'mutual'?",
    "trial=1": "write PATH=VALUE",
    "study=y": "there is no 'study'",
    "data.tasks.9=depth": "no '9' below 'data.tasks'",
    "search.trials=many": "search.trials: should be a valid integer",
    "search.early_stopping.kind=pbt": "search.sampler.kind",
    "search.stages.0.seeds=3": "no 'stages' below 'search'",
    "budget.gpu_hours=1": "limit budget.wall_clock instead",
    "confirm.seeds=0": "confirm.seeds: should be greater than 0",
    "resources.cpus=none": "resources.cpus: should be a valid number",
    "training.epochs=1e3": "should be a valid integer, found 1000.0",
    "training.batch_size=99": "99 exceeds train_size 4",
}


def looked_at(mdml_tune: Call, somewhere: Path, *arguments: str) -> str:
    """The one message that the command ends with; it has left nothing behind."""
    before = sorted(somewhere.rglob("*"))
    begun = time.monotonic()
    code, _, errors = mdml_tune("search", "it.yaml", *arguments)
    assert time.monotonic() - begun < 10
    assert code == 2, errors
    assert errors.startswith("error: ")
    assert errors.count("error: ") == 1
    assert "Traceback" not in errors
    assert sorted(somewhere.rglob("*")) == before
    return errors


@pytest.mark.parametrize("name", SYNTAX)
def test_what_is_no_study_file(mdml_tune: Call, somewhere: Path, name: str) -> None:
    content, said = SYNTAX[name]
    raw = content if isinstance(content, bytes) else content.encode()
    (somewhere / "it.yaml").write_bytes(raw)
    message = looked_at(mdml_tune, somewhere)
    assert "it.yaml" in message
    assert said in message
    assert len(message) < 1000


@pytest.mark.parametrize("name", VALUES)
def test_what_a_study_cannot_say(mdml_tune: Call, somewhere: Path, name: str) -> None:
    content, said = VALUES[name]
    (somewhere / "it.yaml").write_text(content, encoding="utf-8")
    message = looked_at(mdml_tune, somewhere)
    assert message.splitlines()[0] == "error: it.yaml cannot be used:"
    assert said in message
    assert len(message.splitlines()) == 2, "one mistake, one line"
    assert message.replace("\n", "").isprintable()


@pytest.mark.parametrize("assignment", SET)
def test_what_cannot_be_set(mdml_tune: Call, somewhere: Path, assignment: str) -> None:
    (somewhere / "it.yaml").write_text(MUTUAL + "search: {trials: 3}\n")
    message = looked_at(mdml_tune, somewhere, "--set", assignment)
    assert f"--set {assignment}" in message
    assert SET[assignment] in message


def test_a_byte_order_mark_is_no_mistake(mdml_tune: Call, somewhere: Path) -> None:
    (somewhere / "it.yaml").write_text(
        MUTUAL.replace("study: x", "study: ''"), encoding="utf-8-sig"
    )
    assert "study: found ''" in looked_at(mdml_tune, somewhere)


def test_a_grid_of_a_million_millions_is_counted_and_not_built(
    mdml_tune: Call, somewhere: Path
) -> None:
    wide = "warmup_epochs: {int: [0, 1000000]}, ramp: {int: [0, 1000000]}"
    (somewhere / "it.yaml").write_text(
        HEAD.replace("epochs: 4", "epochs: 2000000") + f"  mutual: {{{wide}}}\n"
        "search: {sampler: {kind: grid}, trials: 3}\nbudget: {gpu_hours: 1}\n"
    )
    assert "budget.gpu_hours" in looked_at(mdml_tune, somewhere)
