// SPDX-License-Identifier: Apache-2.0
// The views: log, sequences, one sequence, differences, consumers, store and
// search. Each has show(), which fills an element, and those with events also
// open(), which shows an event beside them.
import { add, alertBox, ask, count, el, number, route, say, text, time } from
    "./dom.js";
import { showCompare, showDetail, topic } from "./detail.js";
import { summary } from "./state.js";

const ROWS_MAX = 1000;
let shown = null; // the view with events: its element, parameters and rows

const short = (id) => /^[0-9a-f]{8}-/.test(id) ? id.slice(0, 8) + "…" : id;

// ---------------------------------------------------------------- event lists

const keyOf = (item) => text(item.sequence_id) + "@" + number(item.position);

function address(item) {
    const { id, position, ...rest } = shown.params;
    return route(shown.view, { ...rest, id: text(item.sequence_id),
        position: number(item.position) });
}

const cells = (item) => [
    el("span", { class: "place" }, "#", number(item.notification_id)),
    el("span", { class: "time" }, time(item.time)), topic(item),
    el("span", { class: "of", title: text(item.sequence_id) },
        short(text(item.sequence_id))),
    el("span", { class: "position", title: "position" }, "@",
        number(item.position)), summary(item)];

function eventRow(item) {
    const inLog = shown.view === "log";
    return el("li", null, el("a", { class: "row", href: address(item),
        "data-item": keyOf(item) }, inLog ? cells(item) : [
        el("span", { class: "place" }, number(item.position)),
        el("span", { class: "time" }, time(item.time)), topic(item),
        summary(item)]));
}

// Marks the row of the event that is open.
function mark() {
    for (const row of shown.rows.querySelectorAll(".row")) {
        const here = row.dataset.item === shown.opened;
        row.toggleAttribute("aria-current", here);
        if (here) {
            row.setAttribute("aria-current", "true");
        }
    }
}

function open(params) {
    const { id, position } = params;
    if (position === undefined || id === undefined) {
        const last = shown.rows.querySelector(".row[aria-current]");
        close();
        last?.focus();
        return;
    }
    const { id: own, position: none, ...rest } = params;
    const base = shown.view === "sequence" ? { ...rest, id: own } : rest;
    shown.opened = id + "@" + position;
    shown.abort?.abort();
    shown.abort = new AbortController();
    mark();
    showDetail(shown.content, params,
        (to) => route(shown.view, { ...rest, id, position: to }),
        route(shown.view, base), shown.abort.signal);
}

export function close() {
    if (shown) {
        shown.abort?.abort();
        shown.content.querySelector(".detail")?.remove();
        shown.content.classList.remove("open");
        shown.opened = null;
        mark();
    }
}

// Begins a list in an element. `load(from)` asks for the part behind `from`
// and returns the answer; `from(answer)` is where the next part begins.
function begin(view, content, params, load, from) {
    const rows = el("ol", { class: "rows" });
    const more = el("button", { type: "button", class: "more", hidden: true,
        "data-key": "m", "aria-keyshortcuts": "m" }, "Show more");
    const list = el("div", { class: "list" });
    shown = { view, content, params, rows, list, more, next: null };
    shown.load = async () => {
        const answer = await load(shown.next);
        shown.next = from(answer);
        more.hidden = !answer.more;
        add(rows, answer.items.map(eventRow));
        return answer;
    };
    more.addEventListener("click", () => shown.load().catch((error) => {
        if (error.name !== "AbortError") {
            list.append(alertBox(error));
        }
    }));
    content.append(list);
    return shown;
}

// ------------------------------------------------------------------------ log

function filters(params, schema) {
    const hex = schema.ids === "uuid";
    const field = (name, title, words) => el("label", null, title, " ",
        el("input", { name, value: params[name], placeholder: words,
            autocomplete: "off", spellcheck: "false" }));
    return el("form", { class: "filters", onsubmit: (event) => {
        event.preventDefault();
        const given = new FormData(event.target);
        location.hash = route("log", { schema: params.schema,
            topic: given.get("topic"), prefix: given.get("prefix") });
    } }, field("topic", "Topic", "whole topic"),
    !hex && field("prefix", "Sequence", "first letters"),
    el("button", null, "Filter"),
    (params.topic || params.prefix) && el("a", { class: "button",
        href: route("log", { schema: params.schema }) }, "All events"));
}

const pause = (milliseconds) => new Promise((done) => {
    setTimeout(done, milliseconds);
});

const untilVisible = () => document.hidden ? new Promise((done) => {
    document.addEventListener("visibilitychange", done, { once: true });
}) : null;

function addFresh(items) {
    for (const item of items) {
        const row = eventRow(item);
        row.classList.add("fresh");
        shown.rows.prepend(row);
    }
    while (shown.rows.children.length > ROWS_MAX) {
        shown.rows.lastChild.remove();
        shown.next = shown.rows.lastChild.querySelector(".place").textContent
            .slice(1);
        shown.more.hidden = false;
    }
    if (items.length > 0) {
        say(`${items.length} new ${items.length === 1 ? "event" : "events"}`);
        shown.empty?.remove();
    }
}

// Follows the log until the signal, behind `reached.after`. The server answers
// when there is something new.
async function follow(params, reached, light, signal) {
    while (!signal.aborted) {
        await untilVisible();
        try {
            const { schema, topic: wanted, prefix } = params;
            const answer = await ask("log", { schema, topic: wanted, prefix,
                after: reached.after, wait: 20, limit: 100 }, signal);
            if (answer.head < reached.after) {
                throw { code: "CONFLICT", message: "The log was set back. " +
                    "Load the page again." };
            }
            light.textContent = "Live";
            addFresh(answer.items);
            reached.after = answer.through;
            if (!answer.waited && !answer.more) {
                await pause(2000);
            }
        } catch (error) {
            if (error.name === "AbortError" || signal.aborted) {
                return;
            }
            light.textContent = "Interrupted";
            say(error.message);
            await pause(3000);
        }
    }
}

function liveButton(params, head, signal) {
    const light = el("span", null, "Live");
    const reached = { after: head };
    let abort = null;
    const button = el("button", { type: "button", class: "live",
        "data-key": "l", "aria-keyshortcuts": "l",
        title: "Follow the log (l)" },
    el("span", { class: "dot", "aria-hidden": "true" }), light);
    const turn = (on) => {
        button.setAttribute("aria-pressed", String(on));
        light.textContent = on ? "Live" : "Paused";
        if (on) {
            abort = new AbortController();
            follow(params, reached, light, abort.signal);
        } else {
            abort.abort();
        }
    };
    signal.addEventListener("abort", () => abort.abort());
    button.addEventListener("click", () =>
        turn(button.getAttribute("aria-pressed") !== "true"));
    turn(true);
    return button;
}

async function showLog(content, params, signal, store, schema) {
    const { topic: wanted, prefix } = params;
    const state = begin("log", content, params, (before) => ask("log",
        { schema: params.schema, topic: wanted, prefix, before,
            order: "desc", limit: 50 }, signal), (answer) => answer.through);
    const note = el("p", { class: "muted" });
    const head = el("div", { class: "head" }, el("h1", null, "Log"), note);
    add(state.list, head, filters(params, schema), state.rows, state.more);
    const load = state.load;
    state.load = async () => {
        const answer = await load();
        note.textContent = "newest first, " + (wanted || prefix ?
            (answer.more ? `looked back to #${count(answer.through)}` :
                "all that match") : `${count(answer.head)} events`) + ", UTC";
        return answer;
    };
    const answer = await state.load();
    head.append(liveButton(params, answer.head, signal));
    if (answer.items.length === 0) {
        state.empty = el("p", { class: "empty" }, answer.more ?
            "No event matches so far; show more to look further back." :
            wanted || prefix ? "No event matches." : "The log is empty.");
        state.more.before(state.empty);
    }
}

// ------------------------------------------------------------------- sequence

async function showSequence(content, params, signal) {
    const { schema, id, order = "asc" } = params;
    const other = order === "asc" ? "desc" : "asc";
    const state = begin("sequence", content, params, (from) => ask("sequence",
        { schema, id, order, [order === "asc" ? "after" : "before"]: from },
        signal), (answer) => answer.items.length > 0 &&
            number(answer.items[answer.items.length - 1].position));
    const note = el("p", { class: "muted" });
    add(state.list, el("div", { class: "head" }, el("h1", null, "Sequence"),
        note, el("a", { class: "button", href: route("sequence",
            { schema, id, order: other }) }, order === "asc" ? "Newest first" :
            "Oldest first")),
    el("p", { class: "id" }, id), state.rows, state.more);
    const answer = await state.load();
    note.textContent = `last position ${number(answer.last_position)}, UTC`;
}

// ------------------------------------------------------------------ sequences

const sequenceRow = (schema, each) => el("li", null, el("a", { class: "row",
    href: route("sequence", { schema, id: text(each.sequence_id) }) },
el("span", { class: "id" }, text(each.sequence_id)),
el("span", { class: "muted" }, "last position ", number(each.last_position))));

async function showSequences(content, params, signal, store, { ids }) {
    const { schema, prefix } = params;
    const rows = el("ol", { class: "rows plain" });
    const more = el("button", { type: "button", class: "more", hidden: true,
        "data-key": "m" }, "Show more");
    let after = null;
    const load = async () => {
        const answer = await ask("sequences", { schema, prefix, after },
            signal);
        after = answer.items.length > 0 ?
            text(answer.items[answer.items.length - 1].sequence_id) : after;
        more.hidden = !answer.more;
        add(rows, answer.items.map((each) => sequenceRow(schema, each)));
        if (!rows.firstChild) {
            more.before(el("p", { class: "empty" }, prefix ?
                "No sequence begins so." : "There are no sequences."));
        }
    };
    more.addEventListener("click", () => load().catch((error) =>
        content.append(alertBox(error))));
    add(content, el("div", { class: "head" }, el("h1", null, "Sequences"),
        el("p", { class: "muted" }, "in the order of their ids")),
    el("form", { class: "filters", onsubmit: (event) => {
        event.preventDefault();
        location.hash = route("sequences", { schema,
            prefix: new FormData(event.target).get("prefix") });
    } }, el("label", null, "Begins with ", el("input", { name: "prefix",
        value: prefix, autocomplete: "off", spellcheck: "false",
        placeholder: ids === "uuid" ? "first digits" : "first letters" })),
    el("button", null, "Filter")), rows, more);
    await load();
}

// ------------------------------------------------------------------ consumers

function span(seconds) {
    const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
    const [unit, size] = units.find(([, each]) => seconds >= 2 * each) ||
        units[3];
    return `${Math.floor(seconds / size)} ${unit}`;
}

// The members of a group, and what is free, with their partitions.
function group({ partitions, members }) {
    const owners = [...members.map((member) => text(member.name)), "free"];
    return el("ul", { class: "group" }, owners.map((owner, i) => {
        const own = partitions.map((each, at) => ({ ...each, at })).filter(
            (each) => each.member === (i < members.length ? i : null));
        return own.length > 0 && el("li", null, `${owner}: `, own.length === 1 ?
            "partition " : "partitions ", own.map((each) => each.at).join(" "));
    }));
}

function consumerRow(each) {
    const known = (given, words) => given === null ? "unknown" : words(given);
    const notes = [each.projection && "projection", each.shown && "shown",
        each.set_back && "set back", each.skipped > 0 &&
            `${count(each.skipped)} skipped`,
        each.head === null && "no log"].filter(Boolean);
    const cell = (title, ...given) => el("td", { "data-title": title }, given);
    return el("tr", { class: each.behind === 0 ? "level" : "late" },
        el("th", { scope: "row" }, text(each.consumer)),
        cell("Log", each.log === null ? "" : text(each.log)),
        cell("Record", "#", number(each.record), each.head > 0 &&
            el("progress", { value: each.record, max: each.head,
                "aria-label": "processed" })),
        cell("Behind", el("strong", null, known(each.behind, count))),
        cell("Oldest waits", known(each.age_seconds, span)),
        cell("Parked", each.parked > 0 ? badge(count(each.parked)) : "0"),
        (notes.length > 0 || each.partitions) ? cell("Notes", notes.join(", "),
            each.partitions && group(each)) : el("td"));
}

const badge = (words) => el("span", { class: "badge erased" }, words);

async function showConsumers(content, params, signal) {
    const body = el("tbody");
    const note = el("p", { class: "muted" });
    const empty = el("p", { class: "empty", hidden: true },
        "No consumer has a tracking record in this store.");
    const load = async () => {
        const { items, more } = await ask("consumers", null, signal);
        body.replaceChildren(...items.map(consumerRow));
        const behind = items.reduce((sum, each) => sum + (each.behind || 0), 0);
        note.textContent = `${items.length}${more ? " or more" : ""} consumer` +
            `${items.length === 1 ? "" : "s"}, ${count(behind)} behind in all`;
        empty.hidden = items.length > 0;
    };
    add(content,
        el("div", { class: "head" }, el("h1", null, "Consumers"), note),
        el("table", { class: "consumers" }, el("thead", null, el("tr", null,
            ["Consumer", "Log", "Record", "Behind", "Oldest waits", "Parked",
                "Notes"].map((title) => el("th", { scope: "col" }, title)))),
        body), empty);
    await load();
    (async () => {
        while (!signal.aborted) {
            await pause(5000);
            await untilVisible();
            if (!signal.aborted) {
                await load().catch((error) => {
                    note.textContent = error.message;
                });
            }
        }
    })();
}

// ---------------------------------------------------------------------- store

function schemaBox(each) {
    const columns = Object.entries(each.columns || {}).filter(([, given]) =>
        given !== null);
    const property = (title, given) => el("div", null, el("dt", null, title),
        el("dd", null, given));
    return el("section", { class: "card" }, el("h2", null, each.table),
        each.error ? el("p", { class: "note" }, each.error) :
            el("dl", { class: "properties" },
                property("Events", each.head === null ? "no log is kept" :
                    count(each.head)),
                property("Ids", each.ids === "uuid" ? "UUID" : "text"),
                property("Positions", each.contiguous ? "0, 1, 2 …" :
                    "any, each taken once"),
                property("Columns", columns.map(([word, given]) =>
                    word === given ? given : `${word} is ${given}`).join(", ")),
                each.further_columns?.length > 0 && property("Further columns",
                    each.further_columns.map((column) =>
                        `${column.name}: ${column.kind}`).join(", "))));
}

async function showStore(content, params, signal) {
    const store = await ask("store", null, signal);
    const property = (title, given) => el("div", null, el("dt", null, title),
        el("dd", null, given));
    add(content, el("h1", null, "Store"), el("section", { class: "card" },
        el("dl", { class: "properties" },
            property("URI", el("span", { class: "id" }, store.uri)),
            property("Identity", el("span", { class: "id" }, store.identity)),
            property("Driver", `${store.driver} ${store.driver_version}`),
            property("Library", store.library),
            store.namespace && property("Namespace", store.namespace),
            property("It can", store.capabilities.join(", ")),
            property("Sealed states", store.keys ?
                "opened with the keys of the command line" : "stay sealed"))),
    store.schemas.map(schemaBox));
}

// --------------------------------------------------------------------- search

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

// An answer, or null if the store has none to such a question.
const maybe = (promise) => promise.catch((error) => {
    if (["INVALID", "NOT_FOUND", "UNSUPPORTED"].includes(error.code)) {
        return null;
    }
    throw error;
});

async function showSearch(content, params, signal) {
    const { schema, q } = params;
    const digits = q.match(/^#?(\d+)$/);
    add(content, el("h1", null, "Search: ", q));
    const find = (path, named) => maybe(ask(path, { schema, ...named },
        signal));
    const [one, sequences, events] = await Promise.all([
        digits ? find("item", { notification: digits[1] }) :
            uuid.test(q) ? find("item", { event: q }) : null,
        find("sequences", { prefix: q, limit: 20 }),
        find("log", { topic: q, order: "desc", limit: 20 }),
    ]);
    const list = (title, rows, further, kind = "") => rows.length > 0 &&
        el("section", { class: "list" }, el("h2", null, title),
            el("ol", { class: "rows " + kind }, rows), further);
    const eventLink = (item) => el("li", null, el("a", { class: "row",
        href: route("log", { schema, id: text(item.sequence_id),
            position: number(item.position) }) }, cells(item)));
    const found = [
        one && list("Event", [eventLink(one)]),
        list("Sequences that begin so", (sequences?.items || []).map((each) =>
            sequenceRow(schema, each)), sequences?.more && el("a",
            { href: route("sequences", { schema, prefix: q }) }, "All of them"),
        "plain"),
        list("Events of this topic, newest first", (events?.items || [])
            .map(eventLink), events?.more && el("a",
            { href: route("log", { schema, topic: q }) }, "All of them")),
    ];
    add(content, found);
    if (!content.querySelector(".row")) {
        add(content, el("p", { class: "empty" }, "Nothing was found."));
    }
    add(content, el("p", { class: "note" }, "A search finds whole topics, " +
        "ids of events, numbers of the log and the first letters of sequence " +
        "ids",
    events?.more && `; topics back to #${count(events.through)}`,
    ". The contents of events are not indexed by the store."));
    say(`${content.querySelectorAll(".row").length} results`);
}

export const views = {
    log: { show: showLog, open },
    sequence: { show: showSequence, open },
    sequences: { show: showSequences },
    compare: { show: showCompare },
    consumers: { show: showConsumers },
    store: { show: showStore },
    search: { show: showSearch },
};
