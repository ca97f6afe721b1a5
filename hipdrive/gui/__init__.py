"""Windows: live, review, screening, athlete and video; the only place that imports PyQt6."""
