# SPDX-License-Identifier: Apache-2.0
"""browse_items.py KIND: prints an export (docs/export-format.md) for the tests
of quipu browse;.

shop     a shop as one would show it: orders and customers, metadata, times,
         members that are sealed for their subjects, an erased event
hostile  texts that are HTML or not UTF-8, large and deep states, integers
         that a double cannot hold
many     300 events of 4,000 bytes that are no states
long     100,500 events, of which the first has the topic Rare
"""
import base64
import json
import struct
import sys
import uuid

BIG = 9007199254740993


def pack(value):
    """MessagePack; a tuple is a map whose keys are any values."""
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return b"\xd3" + struct.pack(">q", value)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
        return b"\xdb" + struct.pack(">I", len(value)) + value
    if isinstance(value, bytes):
        return b"\xc6" + struct.pack(">I", len(value)) + value
    if isinstance(value, list):
        return b"\xdd" + struct.pack(">I", len(value)) + b"".join(
            pack(each) for each in value)
    pairs = list(value.items()) if isinstance(value, dict) else list(value)
    return b"\xdf" + struct.pack(">I", len(pairs)) + b"".join(
        pack(key) + pack(each) for key, each in pairs)


def envelope(head, state):
    return b"\xc1\x01" + pack(tuple(head.items())) + pack(state)


class Export:
    def __init__(self, table):
        self.table = table
        self.positions = {}
        self.count = 0
        self.items = []

    @staticmethod
    def line(**members):
        print(json.dumps(members))

    def schema(self):
        names = {name: name for name in (
            "notification_id", "sequence_id", "position", "topic", "state",
            "event_id", "metadata", "time")}
        self.line(type="schema", table=self.table, ids="text",
                  positions="contiguous", columns=names,
                  further_columns=[{"name": "tenant", "kind": "text"}],
                  after=0, head=self.count)

    def item(self, sequence, topic, state, metadata=None, tenant=None,
             erased=False):
        position = self.positions.get(sequence, 0)
        self.positions[sequence] = position + 1
        self.count += 1
        minutes, seconds = divmod(self.count * 41, 60)
        members = {
            "type": "item", "schema": self.table,
            "notification_id": self.count, "sequence_id": sequence,
            "position": position, "topic": topic,
            "event_id": str(uuid.UUID(int=4 << 76 | self.count)),
            "time": f"2026-03-02T{(8 + minutes // 60) % 24:02}:"
                    f"{minutes % 60:02}:{seconds:02}.{self.count:06}Z"}
        if erased:
            members["erased"] = True
        else:
            if not isinstance(state, bytes):
                state = pack(state)
            members["state"] = base64.b64encode(state).decode()
            members["columns"] = {"tenant": tenant}
            if metadata is not None:
                members["metadata"] = base64.b64encode(metadata).decode()
        self.items.append(members)

    def end(self, trackings):
        self.line(type="quipu-export", version=1, store=str(uuid.UUID(int=1)))
        self.schema()
        for members in self.items:
            self.line(**members)
        for consumer, record in trackings:
            self.line(type="tracking", consumer=consumer, log=self.table,
                      notification_id=record)
        self.line(type="end", items=self.count, trackings=len(trackings))


def shop():
    goods = [("kettle", "Kettle, copper, 1.5 l", 6450),
             ("teapot", "Teapot, white", 3900),
             ("cups", "Cups, six of them", 2790),
             ("tin", "Tin for tea", 1250)]
    names = ["Ada", "Grace", "Edsger", "Barbara", "Donald", "Frances"]
    export = Export("shop")

    def by(user, **more):
        return pack({"correlation_id": f"request-{export.count // 3 + 1}",
                     "user": user, **more})

    for product, title, cents in goods:
        export.item("product-" + product, "Product.Added", {
            "title": title, "price": {"cents": cents, "currency": "EUR"}},
            by("clerk"), "north")
        export.item("product-" + product, "Product.Received", {
            "units": 20, "supplier": "Teaware & Co."}, by("clerk"), "north")
    for i, name in enumerate(names):
        customer = f"customer-{i + 1:03}"
        export.item(customer, "Customer.Registered", envelope(
            {8: {"name": None}}, {"name": b"\x01" * 40, "newsletter": i % 2 == 0,
                                  "language": "en"}), by("web"), "north")
    orders = []
    for i in range(24):
        product, _, cents = goods[i % 4]
        orders.append((f"order-{i + 1001}", product, i % 3 + 1, cents))
    for i, (order, product, units, cents) in enumerate(orders):
        export.item(order, "Order.Placed", {
            "customer": f"customer-{i % 6 + 1:03}", "express": i % 5 == 0,
            "lines": [{"product": product, "units": units}],
            "total": {"cents": units * cents, "currency": "EUR"}},
            by("web"), "north")
        export.item("product-" + product, "Product.Reserved", {
            "order": order, "units": units}, by("process"), "north")
        if i % 7 == 6:
            export.item(order, "Order.Cancelled", {
                "reason": "changed my mind"}, by("web"), "north")
        else:
            export.item(order, "Order.Paid", {
                "cents": units * cents, "method": "card"}, by("bank"), "north")
        if i >= 2 and (i - 2) % 7 != 6:
            shipped, _, units, _ = orders[i - 2]
            export.item(shipped, "Order.Shipped", {
                "parcel": f"RR{i:06}NO", "weight": 0.75 * units},
                by("clerk"), "north")
        if i == 21:
            export.item("order-1001", "Order.AddressChanged", None, erased=True)
    head = export.count
    export.end([("mailer", head), ("reports", head - 31),
                ("search-index", head - 4)])


def hostile():
    export = Export("hostile")
    script = "<script>window.broken=1</script>"
    image = "<img src=x onerror='window.broken=1'>"
    deep = "leaf"
    for _ in range(100):
        deep = [deep]
    export.item(image, script, {script: image, "a&b": "&lt;b&gt;"},
                pack({image: script}), script)
    export.item(image, "Bytes", {"text": "a\udcff\udcfeb", "blob": b"\x00\xff"},
                b"\xff\xfe not text", "north")
    export.item("large", "Large", {"blob": "x" * (10 << 20)}, None, "y" * 9000)
    export.item("large", "Long", {"word": "w" * 200000, "rest": "r" * 5000})
    export.item("deep", "Deep", {"deep": deep})
    export.item("big", "Big", {"above": BIG, "below": -BIG, "exact": BIG - 1,
                               "many": list(range(3000)), "list": [BIG],
                               "nan": float("nan"), "real": 0.1})
    export.item("direction", "T\u202eopic", {"t\u202ex": "a\u202eb\u200bc\n\td"})
    export.item("broken", "Broken", b"\xc1\xc1")
    export.item("empty", "Empty", {})
    export.item("long" + "l" * 251, "T" * 255, {"k" * 255: "v" * 3000})
    export.end([])


def many():
    export = Export("many")
    for i in range(300):
        export.item(f"s{i % 7}", "Many", b"\xc1\xc1" * 2000)
    export.end([])


def long():
    export = Export("long")
    for i in range(100500):
        export.item(f"s{i % 7}", "Other" if i > 0 else "Rare", {})
    export.end([])


{"shop": shop, "hostile": hostile, "many": many, "long": long}[sys.argv[1]]()
