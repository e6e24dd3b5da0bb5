"""Articles: built in as files, written anew by an office or the CA, each version kept."""
