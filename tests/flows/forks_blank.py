"""Where this is loaded, and in what is forked from there, letters are blank."""

from tests.paper import change_weasyprint

change_weasyprint()
