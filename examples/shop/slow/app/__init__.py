"""The application object and what surrounds every request."""
