"""Things that a scene may be about, drawn as its hero."""
