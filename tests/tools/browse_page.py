# SPDX-License-Identifier: Apache-2.0
"""browse_page.py BROWSER QUIPU SHOP-URL SHOP-STORE HOSTILE-URL FOLDER: uses the
page of quipu browse as a person would, by keyboard, in two widths and colour
schemes, on the stores of browse_items.py. Pictures and the text of the
documents go to FOLDER."""
import json
import os
import subprocess
import sys
import tempfile

from browser import Browser

program, quipu, shop, store, hostile, folder = sys.argv[1:]
failures = 0


def check(holds, what):
    global failures
    if not holds:
        failures += 1
        print("FAILED:", what)


READY = """document.querySelector('h1') &&
    !document.querySelector('[aria-busy=true]')"""

# Texts whose contrast with what is behind them is below 4.5.
CONTRAST = """(() => {
    const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map((each) => {
        const part = each / 255;
        return part <= .03928 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4;
    }).reduce((sum, part, i) => sum + part * [.2126, .7152, .0722][i], 0);
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const colour = rgb(getComputedStyle(at).backgroundColor);
            if (colour[3] === undefined || colour[3] === 1) {
                return colour;
            }
        }
        return [255, 255, 255];
    };
    const low = new Set();
    const walk = document.createTreeWalker(document.body, 4);
    while (walk.nextNode()) {
        const element = walk.currentNode.parentElement;
        if (walk.currentNode.data.trim() && element.getClientRects().length) {
            const [a, b] = [light(rgb(getComputedStyle(element).color)),
                light(behind(element))].sort((x, y) => y - x);
            if ((a + .05) / (b + .05) < 4.5) {
                low.add(walk.currentNode.data.trim().slice(0, 40));
            }
        }
    }
    return [...low];
})()"""

# Controls without a name.
NAMELESS = """[...document.querySelectorAll('button, a[href], input, select')]
    .filter((each) => each.getClientRects().length > 0 &&
        !(each.getAttribute('aria-label') || each.textContent.trim() ||
            each.labels?.length)).map((each) => each.outerHTML)"""


class Page:
    """The page of one store, in a browser."""

    def __init__(self, browser, url):
        self.browser = browser
        self.url = url

    def go(self, route):
        self.browser.go("about:blank")
        self.browser.go(self.url + "/#/" + route)
        check(self.browser.wait(READY), f"{route}: it is not shown")

    def has(self, condition, what):
        check(self.browser.wait(condition, 20), what)

    def look(self, name, route):
        """Pictures of a view in both widths and schemes."""
        for width, height in ((1280, 800), (400, 800)):
            for scheme in ("light", "dark"):
                self.browser.size(width, height)
                self.browser.scheme(scheme)
                self.go(route)
                where = f"{name}, {width} px, {scheme}"
                wide = self.browser.run(
                    "document.documentElement.scrollWidth")
                check(wide <= width, f"{where}: {wide} px wide")
                low = self.browser.run(CONTRAST)
                check(not low, f"{where}: low contrast of {low}")
                nameless = self.browser.run(NAMELESS)
                check(not nameless, f"{where}: no name: {nameless}")
                self.browser.shot(
                    os.path.join(folder, f"{name}-{width}-{scheme}.png"))
        with open(os.path.join(folder, name + ".html"), "w",
                  encoding="utf-8", errors="replace") as out:
            out.write(self.browser.run("document.documentElement.outerHTML"))


def focused(row):
    return f"document.activeElement === document.querySelectorAll('.row')[{row}]"


def detail(text):
    return ("document.querySelector('.detail:not([aria-busy])')?.textContent"
            f".includes({json.dumps(text)})")


def title(text):
    return f"document.querySelector('h1')?.textContent === {json.dumps(text)}"


def use_keyboard(page):
    press = page.browser.press
    page.browser.size(1280, 800)
    page.go("log")
    check(page.browser.run("document.querySelectorAll('.row').length") == 50,
          "the log does not begin with 50 rows")
    press("j")
    press("j")
    page.has(focused(1), "j does not move to the second row")
    press("k")
    page.has(focused(0), "k does not move back")
    check(page.browser.run("getComputedStyle(document.activeElement)"
                           ".outlineStyle") != "none", "no visible focus")
    press("Enter")
    page.has(detail("RR000023NO"), "Enter does not open the event")
    press("j")
    page.has(detail("#105"), "j does not open the next event")
    press("p")
    page.has(detail("#103"), "p does not open the event before")
    press("n")
    page.has(detail("#105"), "n does not open the event after")
    press("c")
    page.has(title("Differences"), "c does not compare")
    page.has("document.querySelector('tr.removed')", "no difference is shown")
    press("Escape")
    page.has(title("Log"), "Escape does not go back to the log")
    page.has(detail("#105"), "the event is not open any more")
    press("Escape")
    page.has("!document.querySelector('.detail')", "Escape closes no event")
    press("m")
    page.has("document.querySelectorAll('.row').length > 50",
             "m does not show more")
    for key, name in (("2", "Sequences"), ("3", "Consumers"), ("4", "Store"),
                      ("1", "Log")):
        press(key)
        page.has(title(name), f"{key} does not show {name}")
    page.go("compare?id=product-tin&b=3")
    page.has("document.querySelectorAll('tr.changed').length === 2",
             "not two differences of the third and fourth event")
    press("n")
    page.has("document.querySelector('[name=and]').value === '4'",
             "n does not show the next pair")
    press("?")
    page.has("document.querySelector('#help').open", "? shows no help")
    page.browser.shot(os.path.join(folder, "help.png"))
    press("Escape")
    page.has("!document.querySelector('#help').open", "Escape leaves the help")
    for query, found in (("Order.Paid", "Events of this topic"),
                         ("order-100", "Sequences that begin so"),
                         ("#7", "Event")):
        press("/")
        page.has("document.activeElement.id === 'query'", "/ does not search")
        page.browser.type(query)
        press("Enter")
        page.has(title("Search: " + query), f"no search for {query}")
        page.has(f"[...document.querySelectorAll('h2')].some((each) => "
                 f"each.textContent.startsWith('{found}'))",
                 f"{query} is not found as {found}")


def follow(page):
    """An event that is stored meanwhile is shown, unless the page is paused."""
    number = 106
    page.go("log")
    page.has("document.querySelector('.live').textContent === 'Live'",
             "the log is not live")
    for live in (True, False, True):
        if not live:
            page.browser.press("l")
            page.has("document.querySelector('.live').textContent === 'Paused'",
                     "l does not pause")
        number += 1
        item = {"type": "item", "schema": "shop", "sequence_id": "new",
                "topic": "Shop.Opened", "state": "gA==",
                "event_id": f"00000000-0000-4001-8000-{number:012}"}
        lines = open("schema", encoding="utf-8").read() + json.dumps(item)
        subprocess.run([quipu, "import", store], check=True,
                       stdout=subprocess.DEVNULL, encoding="utf-8",
                       input=lines + '\n{"type":"end"}\n')
        if not live:
            page.browser.press("l")
        page.has(f"document.querySelector('.row').textContent"
                 f".startsWith('#{number}')", f"event {number} is not shown")
    check(page.browser.run("[...document.querySelectorAll('.row')].map((each) =>"
                           " each.dataset.item).filter((each, i, all) =>"
                           " all.indexOf(each) !== i).length") == 0,
          "events are shown twice")


def show_hostile(page):
    page.browser.size(1280, 800)
    page.go("log")
    texts = {"<script>window.broken=1</script>": "&lt;b&gt;",
             "Bytes": "00ff", "Large": "10,485,779 bytes",
             "Long": "characters more", "Deep": "not a state that quipu",
             "Big": "9007199254740993", "T\\u202eopic": "a\\u202eb\\u200bc",
             "Broken": "c1c1", "Empty": "no fields"}
    for topic, text in texts.items():
        page.browser.run(
            "[...document.querySelectorAll('.row')].find((each) => "
            f"each.textContent.includes({json.dumps(topic)})).click()")
        page.has(f"{detail(topic)} && {detail(text)}",
                 f"{topic} is shown without {text}")
    check(page.browser.run("window.broken") is None, "a script has run")
    check(page.browser.run("document.scripts.length") == 1, "a script more")
    check(page.browser.run("document.images.length") == 0, "an image")


def main():
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(program, profile)
        try:
            page = Page(browser, shop)
            browser.scheme("light")
            page.look("log", "log")
            page.look("event", "log?id=order-1001&position=0")
            page.look("erased", "sequence?id=order-1001&position=3")
            page.look("personal", "log?id=customer-001&position=0")
            page.look("sequence", "sequence?id=product-tin")
            page.look("sequences", "sequences?prefix=order")
            page.look("differences", "compare?id=product-tin&a=0&b=1")
            page.look("consumers", "consumers")
            page.look("store", "store")
            page.look("search", "search?q=Order.Placed")
            use_keyboard(page)
            follow(page)
            bad = Page(browser, hostile)
            bad.look("hostile", "log?id=large&position=0")
            show_hostile(bad)
            check(not browser.problems, f"messages: {browser.problems[:3]}")
        finally:
            browser.close()
    print(f"{failures} failures; the pictures are in {folder}")
    sys.exit(failures > 0)


main()
