"""The independent check of what is about to be released."""
