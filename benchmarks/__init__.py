"""Benchmarks: each compares with a stated peer in the same run and prints ratios."""
