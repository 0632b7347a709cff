"""The page a person reads: report.html, one file, complete without JavaScript."""
