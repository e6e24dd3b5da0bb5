"""Rules of the decree and of the procedure: pure sentences over plain facts.

A rule takes facts and returns a Violation or None. R-numbers are ours (docs/rules.md says where
each comes from); one module a subject.
"""
