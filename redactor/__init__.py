"""Find spoken personal data in archives of voice recordings and mute it before it leaves the house."""

import os

__version__ = "0.1.0"

# Nothing here may talk to anybody at run time. onnxruntime (the voice activity detector) keeps a device id in
# the user's cache and uploads usage events unless this stands in the environment before it is first loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
