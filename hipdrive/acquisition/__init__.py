"""Anything -> Trial: devices, simulated athletes, files."""
