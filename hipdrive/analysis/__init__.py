"""Trial -> Analysis: arithmetic on facts, numpy and scipy only."""
