// SPDX-License-Identifier: Apache-2.0
// One event beside the list, or in its place on a narrow screen; and the
// differences of two.
import { add, alertBox, ask, colour, count, el, number, route, say, text,
    time } from "./dom.js";
import { absence, differences, fields, name, value } from "./state.js";

export const badge = (kind, words, title) =>
    el("span", { class: "badge " + kind, title }, words);

export const topic = (item) => el("span", { class: "topic" },
    el("span", { class: "dot " + colour(text(item.topic)),
        "aria-hidden": "true" }), text(item.topic));

// What was done with the contents of an event.
export function badges(item) {
    const envelope = item.envelope || {};
    return [
        item.erased && badge("erased", "erased",
            "The contents were removed from the store."),
        item.sealed && badge("sealed", "sealed",
            "The state is encrypted, and the key is not known here."),
        item.opened && badge("opened", "opened",
            "The state is stored sealed; it was opened with --keys."),
        envelope.personal && badge("seal", "personal"),
        envelope.version && badge("", "version " + number(envelope.version)),
    ];
}

const notes = {
    erased: () => "The contents of this event were erased. Its place, topic, " +
        "id and time remain.",
    sealed: (item) => "The state is sealed and stays so: " + item.sealed,
    "not decoded": () => "These bytes are not a state that quipu encoded.",
};

function content(item) {
    const reason = absence(item);
    const personal = (item.envelope && item.envelope.personal) || {};
    const made = [el("h3", null, "State")];
    if (reason) {
        made.push(el("p", { class: "note" }, notes[reason] ?
            notes[reason](item) : `The state has ${reason}, which is more ` +
                "than is shown here. Use quipu read --json."));
    } else {
        made.push(fields(item.state, personal));
    }
    if (Object.keys(personal).length > 0) {
        made.push(el("p", { class: "note" }, "Personal members are sealed " +
            "with keys of a vault, which this page does not open: it cannot " +
            "tell whether the person was forgotten."));
    }
    if (item.metadata || item.metadata_hex || item.metadata_bytes) {
        const shown = item.metadata || item.metadata_hex ||
            `${count(item.metadata_bytes)} bytes, not shown`;

        made.push(el("h3", null, "Metadata"), typeof shown === "string" ?
            el("p", { class: item.metadata ? null : "hex" }, shown) :
            fields(shown));
    }
    if (item.columns && !item.erased) {
        made.push(el("h3", null, "Further columns"), fields(item.columns));
        const omitted = item.omitted_columns || {};
        for (const [column, size] of Object.entries(omitted)) {
            made.push(el("p", { class: "note" },
                `${column}: ${count(size)} bytes, not shown`));
        }
    }
    if (item.state_hex) {
        made.push(el("details", null, el("summary", null, "Stored bytes"),
            el("p", { class: "hex" }, item.state_hex,
                item.hex_cut && " … the rest is not shown")));
    }
    return made;
}

function property(title, ...shown) {
    return el("div", null, el("dt", null, title), el("dd", null, shown));
}

const sequenceLink = (schema, id) => el("a",
    { class: "id", href: route("sequence", { schema, id: text(id) }) },
    text(id));

function properties(item, schema) {
    return el("dl", { class: "properties" },
        property("Sequence", sequenceLink(schema, item.sequence_id)),
        property("Position", number(item.position)),
        item.notification_id ? property("Log", "#",
            number(item.notification_id)) : null,
        item.time ? property("Time", time(item.time), " ",
            el("span", { class: "muted" }, "UTC")) : null,
        item.event_id ? property("Event id",
            el("span", { class: "id" }, item.event_id)) : null,
        "state_bytes" in item ? property("Size", count(item.state_bytes),
            " bytes") : null);
}

// The buttons of an event; `at` gives the address of another position.
function buttons(item, schema, at) {
    const step = (to, key, title, words) => to === null ?
        el("span", { class: "button off" }, words) :
        el("a", { class: "button", href: at(number(to)), "data-key": key,
            "aria-keyshortcuts": key, title }, words);
    return el("div", { class: "buttons" },
        step(item.previous, "p", "Previous event of this sequence (p)",
            "← Previous"),
        step(item.next, "n", "Next event of this sequence (n)", "Next →"),
        item.previous !== null && el("a", { class: "button", "data-key": "c",
            "aria-keyshortcuts": "c",
            title: "Compare with the event before (c)",
            href: route("compare", { schema, id: text(item.sequence_id),
                a: number(item.previous), b: number(item.position) }) },
        "Compare with previous"));
}

// Shows an event in the view. `at(position)` is the address of an event of the
// same sequence, `shut` that of the view without it.
export async function showDetail(view, params, at, shut, signal) {
    const { schema, id, position } = params;
    let pane = view.querySelector(".detail");
    if (!pane) {
        pane = el("aside", { class: "detail", "aria-label": "Event" });
        view.append(pane);
        view.classList.add("open");
    }
    pane.setAttribute("aria-busy", "true");
    const close = el("a", { class: "shut button", href: shut,
        "data-key": "Escape", "aria-label": "Close the event",
        title: "Close (Esc)" }, "✕");
    let made;
    try {
        const item = await ask("item", { schema, id, position }, signal);
        made = [el("h2", { tabindex: -1 }, topic(item), badges(item)),
            buttons(item, schema, at), properties(item, schema), content(item)];
        say(`Event ${text(item.topic)} at position ${number(item.position)}`);
    } catch (error) {
        if (error.name === "AbortError") {
            return;
        }
        made = [el("h2", { tabindex: -1 }, "Event"), alertBox(error)];
    }
    pane.removeAttribute("aria-busy");
    pane.replaceChildren(close);
    add(pane, made);
    pane.scrollTop = 0;
}

// ---------------------------------------------------------------- differences

const marks = { added: "+", removed: "−", changed: "≠", equal: "=" };

function differenceRow([path, before, after, change], a, b) {
    const cell = (given, title) => el("td", { "data-title": title },
        given === undefined ? el("span", { class: "muted" }, "absent") :
            value(given));
    return el("tr", { class: change },
        el("th", { scope: "row" }, name(path)),
        el("td", { class: "mark" }, el("span", { "aria-hidden": "true" },
            marks[change], " "), change),
        cell(before, "position " + a), cell(after, "position " + b));
}

function differenceTable(first, second, a, b) {
    const rows = differences(first.state, second.state);
    const counts = {};
    rows.forEach((row) => {
        counts[row[3]] = (counts[row[3]] || 0) + 1;
    });
    const words = Object.keys(marks).filter((key) => counts[key])
        .map((key) => `${counts[key]} ${key}`).join(", ");
    return [el("p", { class: "muted" }, words || "Neither has fields."),
        rows.length > 0 && el("table", { class: "differences" },
            el("thead", null, el("tr", null, el("th", null, "Field"),
                el("th", null, "Change"), el("th", null, "At position ", a),
                el("th", null, "At position ", b))),
            el("tbody", null, rows.map((row) => differenceRow(row, a, b))))];
}

function side(item) {
    return el("div", { class: "side" }, el("p", null,
        el("strong", null, "Position ", number(item.position)), " ",
        el("span", { class: "muted" }, time(item.time))),
    el("p", null, topic(item), badges(item)));
}

export async function showCompare(view, params, signal) {
    const { schema, id, b } = params;
    const second = await ask("item", { schema, id, position: b }, signal);
    const a = params.a ?? number(second.previous);
    const first = await ask("item", { schema, id, position: a }, signal);
    const pair = (from, to) => route("compare",
        { schema, id, a: number(from), b: number(to) });
    const step = (from, to, key, words) => from === null || to === null ?
        el("span", { class: "button off" }, words) :
        el("a", { class: "button", "data-key": key, "aria-keyshortcuts": key,
            href: pair(from, to) }, words);
    const reason = absence(first) || absence(second);
    const chosen = (title, given) => el("label", null, title, " ",
        el("input", { name: title, value: given, inputmode: "numeric",
            size: 6, required: true }));
    add(view, el("h1", null, "Differences"),
        el("p", null, "Sequence ", sequenceLink(schema, id)),
        el("form", { class: "filters", onsubmit: (event) => {
            event.preventDefault();
            const given = new FormData(event.target);
            location.hash = pair(given.get("Position"), given.get("and"));
        } }, chosen("Position", a), chosen("and", b),
        el("button", null, "Compare"),
        step(first.previous, first.position, "p", "← Previous pair"),
        step(second.position, second.next, "n", "Next pair →")),
        el("div", { class: "sides" }, side(first), side(second)),
        reason ? el("p", { class: "note" }, "The states cannot be compared: ",
            `one is ${reason}.`) : differenceTable(first, second, a, b),
        el("p", { class: "note" }, "These are the fields of two events. They " +
            "are not the states of the aggregate, which follow from all its " +
            "events by code that only the application has."));
}
