// SPDX-License-Identifier: Apache-2.0
// Elements, requests and addresses. Text from a store reaches the document by
// el() only, as text nodes: nothing here or elsewhere parses HTML.

// Characters that are invisible, or change the direction of writing, so that
// one text could look like another.
const unsafe = new RegExp("[\\u0000-\\u001f\\u007f-\\u009f\\u061c" +
    "\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff\\ufff9-\\ufffb]");

// Returns the text in pieces, with such characters as escapes.
function pieces(text) {
    if (!unsafe.test(text)) {
        return [text];
    }
    const made = [];
    let plain = "";
    for (const char of text) {
        if (!unsafe.test(char)) {
            plain += char;
            continue;
        }
        const escape = document.createElement("span");
        escape.className = "escape";
        escape.textContent = { "\n": "\\n", "\t": "\\t", "\r": "\\r" }[char] ||
            "\\u" + char.charCodeAt(0).toString(16).padStart(4, "0");
        made.push(plain, escape);
        plain = "";
    }
    made.push(plain);
    return made;
}

// Makes an element. Attributes that are null or false are left out; `on...` are
// functions. Children are elements, texts, numbers, lists of them, or null.
export function el(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
        if (key.startsWith("on")) {
            made.addEventListener(key.slice(2), value);
        } else if (value !== null && value !== undefined && value !== false) {
            made.setAttribute(key, value === true ? "" : value);
        }
    }
    add(made, children);
    return made;
}

export function add(parent, ...children) {
    for (const child of children.flat(Infinity)) {
        if (child instanceof Node) {
            parent.append(child);
        } else if (child !== null && child !== undefined && child !== false) {
            parent.append(...pieces(String(child)));
        }
    }
    return parent;
}

export const $ = (id) => document.getElementById(id);

// Numbers of the store; those that a double cannot hold come as objects.
export const number = (value) =>
    value && typeof value === "object" ? value.integer : String(value);

// Sequence ids and topics; {"hex": ...} if they are not text.
export const text = (value) =>
    value && typeof value === "object" ? value.hex : String(value);

export const count = (value) => Number(number(value)).toLocaleString("en");

// "2026-12-01 09:00:06" of "2026-12-01T09:00:06.123456Z"; UTC.
export function time(value) {
    if (typeof value !== "string") {
        return value === null || value === undefined ? "" : number(value);
    }
    return value.replace("T", " ").replace(/(\.\d+)?Z$/, "");
}

// One of eight colours, always the same one for a topic.
export function colour(topic) {
    let hash = 0;
    for (const char of topic) {
        hash = (hash * 31 + char.codePointAt(0)) >>> 0;
    }
    return "c" + hash % 8;
}

// ------------------------------------------------------------------ requests

export class Failure extends Error {
    constructor(code, message) {
        super(message);
        this.code = code;
    }
}

function query(params) {
    const used = new URLSearchParams();
    for (const [key, value] of Object.entries(params || {})) {
        if (value !== null && value !== undefined && value !== "") {
            used.set(key, value);
        }
    }
    const made = used.toString();
    return made ? "?" + made : "";
}

// Asks the server; throws a Failure, or an AbortError.
export async function ask(path, params, signal) {
    let answer;
    try {
        answer = await fetch("/api/" + path + query(params), { signal });
    } catch (error) {
        throw error.name === "AbortError" ? error :
            new Failure("IO", "quipu browse does not answer. Is it running?");
    }
    const body = await answer.json();
    if (!answer.ok) {
        throw new Failure(body.error, body.message);
    }
    return body;
}

// ----------------------------------------------------------------- addresses

export const route = (view, params) => "#/" + view + query(params);

export function where() {
    const hash = location.hash.startsWith("#/") ? location.hash.slice(2) :
        "log";
    const [view, rest] = hash.split(/\?(.*)/s);
    const params = Object.fromEntries(new URLSearchParams(rest || ""));
    return { view, params };
}

export function say(message) {
    $("status").textContent = message;
}

export const alertBox = (error, again) => el("div",
    { class: "alert", role: "alert" },
    el("p", null, el("strong", null, error.code || "Error"), " ",
        error.message),
    again && el("button", { type: "button", onclick: again }, "Try again"));
