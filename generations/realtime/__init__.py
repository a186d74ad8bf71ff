"""Progress over WebSockets. It shows rows; it changes none."""
