"""The line of text above the shop."""

current_text = "Welcome to the shop"


def get_banner() -> str:
    return current_text


def set_banner(text: str) -> None:
    # Only this worker process shows the new text, and only until it restarts.
    global current_text
    current_text = text  # expect: FAL302
