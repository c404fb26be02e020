"""What a machine and a model are good for: how fast, in how much memory, what is misheard and what leaks."""
