"""People check the machine: samples of what is released, their verdicts, and what follows from them."""
