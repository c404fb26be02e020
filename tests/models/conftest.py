"""The training recipe is a folder of scripts, found by its path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "models/spoken_pii"))
