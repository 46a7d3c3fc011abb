"""Makes the searches beside the tests importable, whatever the import mode; property tests take the
time they take, since the machine is shared."""

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
