"""Systems that sign: registered, given a token, their figures."""
