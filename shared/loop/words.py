"""Words for numbers."""


def counted(number: int, one: str, many: str) -> str:
    """A number and what it counts, such as `1 event` or `2 events`."""
    return f"{number} {one if number == 1 else many}"
