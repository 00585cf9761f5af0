"""The command-line tool that the shop calls to print a parcel label: `python label_tool.py ORDER_ID ADDRESS`."""

import sys


def main() -> None:
    order_id, address = sys.argv[1:3]
    width = max(len(order_id) + 6, len(address)) + 2
    print("+" + "-" * width + "+")
    print("|" + f" order {order_id}".ljust(width) + "|")
    print("|" + f" {address}".ljust(width) + "|")
    print("+" + "-" * width + "+")


if __name__ == "__main__":
    main()
