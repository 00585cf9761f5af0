from clock import sleep as sleep


def run(command: str) -> str:
    return f"ran {command}"
