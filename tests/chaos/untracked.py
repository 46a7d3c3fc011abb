"""`python untracked.py STUDY.yaml STORAGE`: a search on the cluster of this host, without MLflow."""

import sys
from pathlib import Path

from mdml_tune.spaces.load import load_study
from mdml_tune.storage.studies import Storage
from mdml_tune.tuning.finding import DETECT, resolved
from mdml_tune.tuning.opened import opened
from mdml_tune.tuning.study import Options, run_study

if __name__ == "__main__":
    study = load_study(sys.argv[1])
    folder = Storage.at(str(Path(sys.argv[2]))).study(study.name)
    options = Options(address=resolved(DETECT))
    with opened(study, folder, None, fresh=False) as begun:
        run_study(study, folder, begun, options, print)
