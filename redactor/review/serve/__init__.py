"""The reviewers' page: one recording at a time, only what was drawn for them, every listen on record."""
