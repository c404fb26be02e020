"""The training recipes are folders of scripts, found by their paths."""

import sys
from pathlib import Path

MODELS = Path(__file__).parents[2] / "models"
sys.path[:0] = [str(MODELS / "spoken_pii"), str(MODELS / "ears")]
