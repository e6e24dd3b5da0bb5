"""The Mẫu themselves: one folder ``mau_NN_*`` is one Mẫu, found by ``requests_app.kinds``."""

# Whoever comes here first has the catalogue read before any one form is.
from requests_app import kinds as kinds
