"""Lists of bodies or communes that come as a spreadsheet."""
