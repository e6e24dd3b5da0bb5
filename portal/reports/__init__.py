"""Reports: numbers of any span, each with its list; charts; the report that is signed."""
