"""Find spoken personal data in archives of voice recordings and mute it before anything leaves the house."""

__version__ = "0.1.0"
