"""What a rule stopped is caught in one way, and shown on the page it was asked from."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from portal.core.rules import Refused, Violation


@dataclass(slots=True)
class Refusals:
    """Around an act that a rule may stop; afterwards it is true if one did, and says which.

    >>> with Refusals() as refused:
    ...     issue(dossier)
    ...     return redirect(dossier)
    ... return render(request, template, {"violations": refused.violations})

    Only ``Refused`` is caught: nothing was changed then.
    """

    violations: tuple[Violation, ...] = ()

    def __enter__(self) -> Refusals:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Refused):
            return False
        self.violations += error.violations
        return True

    def __bool__(self) -> bool:
        return bool(self.violations)

    def put_on(self, form: forms.BaseForm, field: str | None = None) -> None:
        """Show them as errors of a field that was typed in, or of the form."""
        for one in self.violations:
            form.add_error(field, one.sentence)

    def tell(self, request: HttpRequest) -> None:
        """Show them at the top of the page that comes next."""
        for one in self.violations:
            messages.error(request, one.sentence)
