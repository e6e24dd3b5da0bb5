"""The archive: a closed dossier as one signed package that is checked without the portal."""
