"""What the codes of a plan mean: an article, and a sentence for whoever reads the plan.

``REASONS`` are those of lines, ``WARNINGS`` what to look at in a line, ``AGAINST`` why a
certificate can't live on, ``NOTES`` what to know before it is chosen.
"""

from __future__ import annotations

from orgmerge.reasons_of_lines import REASONS, Reason
from orgmerge.reasons_to_heed import AGAINST, NOTES, WARNINGS

__all__ = ["AGAINST", "NOTES", "REASONS", "WARNINGS", "Reason"]
