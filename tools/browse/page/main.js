// SPDX-License-Identifier: Apache-2.0
// The frame of the page: which view is shown, the search, the keyboard.
import { $, alertBox, ask, el, route, say, where } from "./dom.js";
import { close, views } from "./views.js";

const tabs = [["log", "Log"], ["sequences", "Sequences"],
    ["consumers", "Consumers"], ["store", "Store"]];
const page = { store: null, schema: null, key: null, abort: null, depth: 0 };

// ---------------------------------------------------------------------- views

// The parameters that open an event within a view; the others make the view.
function split({ view, params }) {
    const { id, position, ...rest } = params;
    return view === "log" ? { key: view + JSON.stringify(rest) } :
        view === "sequence" ? { key: view + id + JSON.stringify(rest) } :
            { key: view + JSON.stringify(params) };
}

function frame(view, schema) {
    for (const tab of $("tabs").children) {
        const here = tab.dataset.view === view ||
            (tab.dataset.view === "sequences" &&
                (view === "sequence" || view === "compare"));
        tab.toggleAttribute("aria-current", here);
        if (here) {
            tab.setAttribute("aria-current", "page");
        }
        tab.href = route(tab.dataset.view, { schema });
    }
    $("schema").value = schema;
}

async function show() {
    const here = where();
    const view = views[here.view] ? here.view : "log";
    const { key } = split(here);
    const schema = page.store.schemas.find((each) =>
        each.table === here.params.schema) || page.schema;
    const params = { ...here.params, schema: schema.table };
    page.schema = schema;
    page.depth++;
    if (key === page.key) {
        views[view].open?.(params);
        return;
    }
    page.abort?.abort();
    page.abort = new AbortController();
    page.key = key;
    frame(view, schema.table);
    close();
    const shown = page.abort.signal;
    const main = $("main");
    const content = el("div", { class: "view " + view, "aria-busy": "true" });
    main.replaceChildren(content);
    try {
        if (schema.error && view !== "store") {
            throw { code: "Schema", message: schema.error };
        }
        await views[view].show(content, params, shown, page.store, schema);
    } catch (error) {
        if (error.name === "AbortError") {
            return;
        }
        content.append(alertBox(error, () => {
            page.key = null;
            show();
        }));
        say(error.message);
    }
    content.removeAttribute("aria-busy");
    const title = content.querySelector("h1")?.textContent || "quipu";
    document.title = `${title} – quipu`;
    if (page.depth > 1 && !shown.aborted &&
        !document.activeElement?.closest("#search, .filters")) {
        main.focus({ preventScroll: true });
        scrollTo(0, 0);
    }
    if (!shown.aborted) {
        views[view].open?.(params);
    }
}

// ------------------------------------------------------------------- keyboard

const rows = () => [...document.querySelectorAll(".row")];

// Moves to the next or previous row; if an event is open beside the list, the
// other one is opened.
function move(by) {
    const all = rows();
    const current = document.querySelector(".row:focus") ||
        document.querySelector(".row[aria-current]");
    const at = all.indexOf(current);
    const next = all[at === -1 ? 0 : Math.max(0, Math.min(all.length - 1,
        at + by))];
    if (!next) {
        return;
    }
    next.focus();
    next.scrollIntoView({ block: "nearest" });
    if (document.querySelector(".detail") && next !== current) {
        location.replace(next.href);
    }
}

function back() {
    const shut = document.querySelector("[data-key=Escape]");
    if (shut) {
        shut.click();
    } else if (page.depth > 1) {
        history.back();
    }
}

const keys = {
    "/": () => $("query").select(),
    "?": () => $("help").showModal(),
    j: () => move(1),
    k: () => move(-1),
    Escape: back,
};

addEventListener("keydown", (event) => {
    const field = event.target.closest("input, select, textarea");
    if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) {
        return;
    }
    if (field) {
        if (event.key === "Escape") {
            field.blur();
        }
        return;
    }
    const button = document.querySelector(
        `[data-key="${CSS.escape(event.key)}"]`);
    const action = keys[event.key] || (button && (() => button.click()));
    if (action) {
        event.preventDefault();
        action();
    }
});

// ---------------------------------------------------------------------- start

$("search").addEventListener("submit", (event) => {
    event.preventDefault();
    const q = $("query").value.trim();
    if (q) {
        $("query").blur();
        location.hash = route("search", { schema: page.schema.table, q });
    }
});
$("schema").addEventListener("change", () => {
    const { view } = where();
    location.hash = route(tabs.some(([name]) => name === view) ? view : "log",
        { schema: $("schema").value });
});
$("help-open").addEventListener("click", () => $("help").showModal());
$("skip").addEventListener("click", (event) => {
    event.preventDefault();
    $("main").focus();
});

async function start() {
    $("main").replaceChildren();
    try {
        page.store = await ask("store");
    } catch (error) {
        $("main").append(alertBox(error, start));
        return;
    }
    const { schemas, uri } = page.store;
    $("store").textContent = uri;
    $("store").title = uri;
    if (schemas.length === 0) {
        $("main").append(alertBox({ code: "Empty",
            message: "The store has no schema yet. Start the program that " +
                "sets it up, and load this page again." }, start));
        return;
    }
    page.schema = schemas.find((each) => !each.error && each.head > 0) ||
        schemas[0];
    $("schemas").hidden = schemas.length < 2;
    $("schema").replaceChildren(...schemas.map((each) =>
        el("option", { value: each.table }, each.table)));
    $("tabs").replaceChildren(...tabs.map(([view, title], i) =>
        el("a", { "data-view": view, "data-key": i + 1, href: "#/" + view },
            title)));
    addEventListener("hashchange", show);
    show();
}

start();
