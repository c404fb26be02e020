"""Measurements that need more than the package: corpora with known truth, leak, speed, memory."""
