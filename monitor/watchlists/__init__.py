"""Seeds to watchlists: read, clean, propose and compose a draft; parse the file that a person keeps."""
