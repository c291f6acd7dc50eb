"""Segment's library for Python as it comes from PyPI: segment_python.py ADDRESS WRITE_KEY plain|gzip"""

import sys
from datetime import datetime, timezone

from segment.analytics.client import Client

address, write_key, packing = sys.argv[1:]
failures = []
client = Client(
    write_key,
    host=address,
    gzip=packing == "gzip",
    max_retries=1,
    on_error=lambda error, items: failures.append(error),
)
user = f"{packing}-1"
client.identify(
    user,
    {"email": f"{packing}@mail.example", "firstName": "Python", "consent": {"marketing": True}},
    message_id=f"{packing}-identify",
)
client.track(
    user,
    "Order Completed",
    {
        "order_id": f"{packing}-1001",
        "total": 42.5,
        "currency": "EUR",
        "products": [{"product_id": "P1", "name": "Dripper", "price": 42.5, "quantity": 1}],
    },
    timestamp=datetime(2026, 3, 2, 12, 0, tzinfo=timezone.utc),
    message_id=f"{packing}-order",
)
client.track(user, "Class Booked", {"seats": 2}, message_id=f"{packing}-custom")
client.page(user, name="Home", message_id=f"{packing}-page")
client.screen(user, name="Cart", message_id=f"{packing}-screen")
client.group(user, "g1", message_id=f"{packing}-group")
client.alias(f"{packing}-visitor", user, message_id=f"{packing}-alias")
client.flush()
client.join()
if failures:
    sys.exit(f"refused: {failures}")
