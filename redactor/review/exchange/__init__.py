"""Reviews in other tools: tasks go out as files, and what was said of them is read back."""
