"""Errors that services raise and the application turns into answers."""


class ProviderError(Exception):
    """An outside service cannot be reached, or answers with nonsense."""


class PaymentDeclinedError(Exception):
    """The payment provider works, and said no."""
