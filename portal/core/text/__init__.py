"""Vietnamese text made comparable, and checks of what people type."""
