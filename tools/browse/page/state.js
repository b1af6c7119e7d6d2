// SPDX-License-Identifier: Apache-2.0
// Decoded states: as rows of fields, as one line, and the differences of two.
import { el, number } from "./dom.js";

const ROWS_MAX = 1000; // of a state; more would make the browser slow
const TEXT_MAX = 2000; // characters of a value

// {"integer": "9007199254740993"} stands for an integer.
const isInteger = (value) => value && typeof value === "object" &&
    Object.keys(value).length === 1 && /^-?\d{16,}$/.test(value.integer);

const isTree = (value) => value && typeof value === "object" &&
    !isInteger(value) && Object.keys(value).length > 0;

// The fields in order, with those of maps and arrays within: [path, value].
export function flatten(value, path = [], rows = []) {
    if (!isTree(value)) {
        rows.push([path, value]);
        return rows;
    }
    for (const [key, inner] of Object.entries(value)) {
        if (rows.length > ROWS_MAX) {
            break;
        }
        flatten(inner, path.concat(key), rows);
    }
    return rows;
}

// A value as text that is the same for equal values only.
const exact = (value) => JSON.stringify(value);

function plain(value) {
    if (isInteger(value)) {
        return number(value);
    }
    return typeof value === "string" ? value : JSON.stringify(value);
}

const kind = (value) => isInteger(value) ? "number" :
    value === null ? "null" : typeof value;

export function value(given) {
    const shown = plain(given);
    const made = el("span", { class: "value " + kind(given) },
        shown === "" ? el("span", { class: "muted" }, "empty") :
            shown.slice(0, TEXT_MAX));
    if (shown.length > TEXT_MAX) {
        const rest = el("button", { type: "button", class: "small" },
            `… ${(shown.length - TEXT_MAX).toLocaleString("en")} ` +
                "characters more");
        rest.addEventListener("click", () => {
            made.replaceChildren(...el("span", null, shown).childNodes);
        });
        made.append(" ", rest);
    }
    return made;
}

function name(path) {
    const made = el("span", { class: "path" });
    path.forEach((key, i) => {
        made.append(i > 0 ? " › " : "", el("span",
            { class: i < path.length - 1 ? "muted" : null }, key));
    });
    return made;
}

// The fields of an object, as a list of names and values.
export function fields(given, personal = {}) {
    if (!isTree(given)) {
        return el("p", { class: "muted" }, "no fields");
    }
    const rows = flatten(given);
    const list = el("dl", { class: "fields" });
    for (const [path, inner] of rows.slice(0, ROWS_MAX)) {
        const sealed = Object.hasOwn(personal, path[0]);
        if (sealed && path[path.length - 1] !== "hex") {
            continue;
        }
        list.append(el("div", null, el("dt", null, name(sealed ?
            [path[0]] : path)), el("dd", null, sealed ?
            el("span", { class: "badge seal" }, "personal, sealed") :
            value(inner))));
    }
    if (rows.length > ROWS_MAX) {
        list.append(el("p", { class: "muted" },
            `Only the first ${ROWS_MAX} values are shown.`));
    }
    return list;
}

// Why an event has no state to show, or null.
export function absence(item) {
    if (item.erased) {
        return "erased";
    }
    if (item.sealed) {
        return "sealed";
    }
    if (item.omitted_bytes) {
        return `${item.omitted_bytes.toLocaleString("en")} bytes`;
    }
    return item.state ? null : "not decoded";
}

// The state in one line, for lists.
export function summary(item) {
    const reason = absence(item);
    if (reason) {
        return el("span", { class: "summary" },
            el("span", { class: "badge " + reason.replace(/\W.*/, "") },
                reason));
    }
    const line = el("span", { class: "summary" });
    const personal = (item.envelope && item.envelope.personal) || {};
    for (const [path, inner] of flatten(item.state).slice(0, 8)) {
        if (path.length > 0 && !Object.hasOwn(personal, path[0])) {
            line.append(el("span", { class: "muted" }, path.join(".") + " "),
                el("span", { class: kind(inner) }, plain(inner).slice(0, 120)),
                "  ");
        }
    }
    return line;
}

// The differences of two decoded states: [path, before, after, change], where
// change is "added", "removed", "changed" or "equal".
export function differences(before, after) {
    const index = (state) => new Map(flatten(state || {}).map((row) =>
        [JSON.stringify(row[0]), row]));
    const left = index(before);
    const right = index(after);
    const rows = [];
    left.delete("[]");
    right.delete("[]");
    for (const [key, [path, old]] of left) {
        const other = right.get(key);
        rows.push(!other ? [path, old, undefined, "removed"] :
            [path, old, other[1],
                exact(old) === exact(other[1]) ? "equal" : "changed"]);
    }
    for (const [key, [path, fresh]] of right) {
        if (!left.has(key)) {
            rows.push([path, undefined, fresh, "added"]);
        }
    }
    return rows;
}

export { name };
