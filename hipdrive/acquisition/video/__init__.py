"""Pixels and sound end here: clips and cameras -> Tracks, Signals and frame times. The only PyAV, OpenCV and LiteRT."""
