"""The door: what a user's mistakes get to see, and how fast it opens."""

import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

Call = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["small.yaml", "--set", "mutual.temperatur=2"], 2, r"did you mean 'temperature'"),
        (["small.yaml", "--set", "mutual.temperature=0"], 2, "mutual.temperature: should be greater than 0, found 0"),
        (["small.yaml", "--set", "mutual.weight=-1"], 2, "mutual.weight: should be greater than or equal to 0, found -1"),
        (["small.yaml", "--set", "scd.grouping_threshold=1.5"], 2, "scd.grouping_threshold: should be less than or equal to 1, found 1.5"),
        (["small.yaml", "--set", "data.tasks.0=dpeth"], 2, "did you mean 'depth'"),
        (["small.yaml", "--set", "data.dataset=romms"], 2, "did you mean 'rooms'"),
        (["small.yaml", "--set", "search.trials=0"], 2, "search.trials: should be greater than 0"),
        (["small.yaml", "--set", "search.sampler.kind=tpee"], 2, "did you mean 'tpe'"),
        (["small.yaml", "--time-budget", "soon"], 2, "--time-budget soon: give a positive time such as 90m"),
        (["small.yaml", "--name", "../x"], 2, "'../x'"),
        (["small.yaml", "--storage", "s3://bucket"], 2, "object stores cannot be used yet"),
        (["small.yaml", "--tracking-uri", "nonsense://x"], 2, "nonsense"),
        (["small.yaml", "--set", "mutual.fusion=convex"], 2, "mutual.weight: found 3; with fusion convex"),
        (["small.yaml", "--set", "training.precision=fp16"], 2, "allowed: fp32, bf16"),
        (["small.yaml", "--set", "network.kind=segnet", "--set", "baseline.trial.network.kind=segnet"], 2, "multiples of 32, found 16 x 24"),
        (["small.yaml", "--set", "scd.stage_epochs=4"], 2, "scd.stage_epochs: 2 blocks, one after every 4 epochs, need more than the 4"),
        (["small.yaml", "--set", "weighting.kind=cagard"], 2, "did you mean 'cagrad'"),
        (["small.yaml", "--set", "okd_mtl.temperature=0.1"], 2, "okd_mtl: cannot be combined with mutual"),
        (["custom.yaml"], 2, "no_such_module"),
        (["pretrained.yaml"], 3, "no/such/weights.pt"),
        (["small.yam"], 2, "neither a file nor a shipped study"),
        (["rooms_mdmll"], 2, "did you mean 'rooms_mdml'"),
        (["inverted.yaml"], 2, "mutual.weight"),
        (["zero.yaml"], 2, "mutual.weight"),
        (["nyuv2.yaml"], 3, "--data-root"),
        (["nyuv2.yaml", "--data-root", "nowhere"], 3, "nowhere"),
        (["nyuv2.yaml", "--data-root", "corrupt"], 2, "0.npy"),
        (["small.yaml", "--storage", "file/in/the/way"], 3, "cannot be written to"),
        (["small.yaml", "--tracking-uri", "http://127.0.0.1:9"], 3, "127.0.0.1:9"),
    ],
)  # fmt: skip
def test_bad_input_gets_one_message_and_leaves_nothing_behind(
    mdml_tune: Call, somewhere: Path, arguments: list[str], code: int, said: str
) -> None:
    study = (somewhere / "small.yaml").read_text()
    (somewhere / "inverted.yaml").write_text(study.replace("[0.03, 3.0]", "[3.0, 0.03]"))
    (somewhere / "zero.yaml").write_text(study.replace("[0.03, 3.0]", "[0, 3.0]"))
    for name, network in (
        ("custom", "{kind: custom, function: 'no_such_module:network'}"),
        ("pretrained", "{kind: deeplabv3, pretrained: no/such/weights.pt}"),
    ):
        other = study.replace("{kind: unet, width: 4}", network)
        (somewhere / f"{name}.yaml").write_text(other)
    nyuv2 = study.replace("dataset: rooms", "dataset: nyuv2").replace(
        ", train_size: 4, val_size: 2, test_size: 2,\n         image_size: [16, 24]", ""
    )
    (somewhere / "nyuv2.yaml").write_text(nyuv2)
    (somewhere / "file").write_text("")
    for split in ("train", "val"):
        for kind in ("image", "label", "depth", "normal"):
            folder = somewhere / "corrupt" / split / kind
            folder.mkdir(parents=True)
            for name in ("0.npy", "1.npy"):
                np.save(folder / name, np.full((8, 8), np.nan))
    before = sorted(somewhere.rglob("*"))
    exit_code, _, errors = mdml_tune("search", *arguments)
    assert exit_code == code, errors
    # MLflow, once imported without our settings (another test does), says what it sets up.
    message = "".join(line for line in errors.splitlines(keepends=True) if " INFO " not in line)
    assert message.startswith("error: ")
    assert message.count("error: ") == 1
    assert "Traceback" not in message
    assert said in message
    left = [p for p in sorted(somewhere.rglob("*")) if p not in before]
    assert [p for p in left if "mlflow" not in p.name] == []


def test_wrong_usage_gives_2(mdml_tune: Call) -> None:
    assert mdml_tune("serach")[0] == 2
    assert mdml_tune("search", "--trials", "none")[0] == 2
    assert mdml_tune("rank")[0] == 2


def test_a_study_that_is_not_there_is_named_with_those_that_are(mdml_tune: Call) -> None:
    code, _, errors = mdml_tune("rank", "ghost")
    assert code == 2
    assert "no study 'ghost'" in errors
    assert "studies there: none" in errors


def test_help_costs_no_heavy_import() -> None:
    program = (
        "import sys, resource\n"
        "from mdml_tune.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'torch', 'ray', 'mlflow', 'optuna', 'pandas', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print('seconds', used.ru_utime + used.ru_stime)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert float(done.stdout.split()[-1]) < 0.5
    assert "search" in done.stdout


def test_version(mdml_tune: Call) -> None:
    assert mdml_tune("--version")[1].strip() == f"mdml-tune {metadata.version('mdml-tune')}"
