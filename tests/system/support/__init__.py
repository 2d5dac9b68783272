"""Starts and stops real programs for the system tests and the benchmarks. Standard library only."""
