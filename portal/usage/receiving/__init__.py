"""What systems that sign report: events read, judged, counted; from the API, files, signed PDFs."""
