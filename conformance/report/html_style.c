/* SPDX-License-Identifier: Apache-2.0 */
/* The style of the HTML page, for light and dark color schemes. */
#include "html.h"

const char quipu_html_style[] =
    ":root{color-scheme:light dark;--paper:#fbf8f2;--card:#ffffff;"
    "--ink:#2b2622;--soft:#766c62;--line:#e4dccf;--good:#2f7d4f;--bad:#c2331f;"
    "--part:#b7791f;--none:#a89d90;--cord:#8a6f52;--wash:#f3ede2}\n"
    "@media (prefers-color-scheme:dark){:root{--paper:#1b1815;--card:#25211d;"
    "--ink:#ece5da;--soft:#a3988a;--line:#3a342d;--good:#63c18b;--bad:#ff7a63;"
    "--part:#e5b04e;--none:#6f665b;--cord:#a98d6c;--wash:#2d2822}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--paper);color:var(--ink);"
    "font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}\n"
    "main{max-width:1080px;margin:0 auto;padding:2rem 1.25rem 4rem}\n"
    "h1{font-size:1.7rem;margin:0 0 .2rem}\n"
    "h2{font-size:1.2rem;margin:2.6rem 0 .8rem}\n"
    "h3{font-size:1rem;margin:0}\n"
    "p{margin:.3rem 0}\n"
    "a{color:inherit}\n"
    "code,pre{font-family:ui-monospace,monospace;font-size:.86em}\n"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--wash);"
    "border-radius:.5rem;padding:.8rem 1rem;margin:.6rem 0}\n"
    ".soft{color:var(--soft)}\n"
    ".card{background:var(--card);border:1px solid var(--line);"
    "border-radius:.8rem;padding:1.1rem 1.3rem;margin:1rem 0}\n"
    ".card.broken{border-left:.35rem solid var(--bad)}\n"
    ".card.holds{border-left:.35rem solid var(--good)}\n"
    ".card.partly,.card.untested{border-left:.35rem solid var(--part)}\n"
    ".head{display:flex;flex-wrap:wrap;gap:.4rem 1rem;align-items:baseline;"
    "justify-content:space-between}\n"
    ".uri{font-weight:600;overflow-wrap:anywhere}\n"
    ".chip{display:inline-block;border:1px solid var(--line);"
    "border-radius:1rem;padding:.05rem .65rem;margin:.2rem .3rem .2rem 0;"
    "font-size:.85rem}\n"
    ".chip.yes{background:var(--wash)}\n"
    ".chip.no{color:var(--soft);border-style:dashed}\n"
    ".state{font-weight:650}span.state{white-space:nowrap}\n"
    ".holds .state,.state.holds{color:var(--good)}\n"
    ".broken .state,.state.broken{color:var(--bad)}\n"
    ".partly .state,.untested .state,.state.partly,.state.untested"
    "{color:var(--part)}\n"
    ".state.undeclared,.state.notrun{color:var(--none)}\n"
    ".numbers{display:flex;flex-wrap:wrap;gap:.3rem 1.6rem;margin:.6rem 0}\n"
    ".numbers b{font-size:1.25rem;font-variant-numeric:tabular-nums}\n"
    ".wide{overflow-x:auto}\n"
    "svg{display:block;max-width:100%;height:auto}\n"
    "svg text{font-family:system-ui,sans-serif;fill:var(--ink)}\n"
    "svg .dim{fill:var(--soft)}\n"
    ".cord{stroke:var(--cord);fill:none}\n"
    ".cords{display:flex;flex-wrap:wrap;gap:.4rem .9rem;margin-top:.8rem}\n"
    ".cords figure{margin:0}figcaption{color:var(--soft);font-size:.85rem}\n"
    ".knot{fill:var(--good)}\n"
    ".knot.failed{fill:none;stroke:var(--bad);stroke-width:2.6}\n"
    ".knot.skipped{fill:var(--card);stroke:var(--none)}\n"
    ".knot.missed{fill:var(--card);stroke:var(--part);stroke-width:2}\n"
    "table{border-collapse:collapse;width:100%}\n"
    "th,td{text-align:left;padding:.34rem .6rem;"
    "border-bottom:1px solid var(--line);vertical-align:top}\n"
    "thead th{font-size:.85rem;color:var(--soft);font-weight:500;"
    "overflow-wrap:anywhere}\n"
    "tr.group th{color:var(--soft);font-weight:500;padding-top:1rem;"
    "border-bottom:0}\n"
    "td.n{font-variant-numeric:tabular-nums;white-space:nowrap}\n"
    "details{border-bottom:1px solid var(--line);padding:.35rem 0}\n"
    "summary{cursor:pointer}\n"
    "details table{margin:.4rem 0 .8rem}\n"
    ".why{color:var(--soft);font-size:.88rem}\n"
    ".bar{fill:var(--good);opacity:.75}.bar.failed{fill:var(--bad)}\n"
    ".timeline{min-width:44rem}\n"
    ".operation{fill:var(--none);opacity:.8}.operation.bad{fill:var(--bad);"
    "opacity:1;stroke:var(--ink);stroke-width:2}\n"
    ".open{stroke:var(--ink);stroke-dasharray:3 2;fill-opacity:.25}\n"
    ".rule{stroke:var(--line)}\n"
    /* On a narrow screen a table is a list of its rows, and a cell names its
     * URI. */
    "@media (max-width:44rem){\n"
    "main{padding:1rem .7rem 3rem}.card{padding:.8rem .9rem}\n"
    "table,tbody,tr,th,td{display:block}thead{display:none}\n"
    "tr{border-bottom:1px solid var(--line);padding:.4rem 0}\n"
    "th,td{border-bottom:0;padding:.1rem 0}td.n{white-space:normal}\n"
    "td[data-uri]::before{content:attr(data-uri);display:block;"
    "color:var(--soft);font-size:.8rem}\n"
    "}\n";

const char *quipu_html_style_class(enum quipu_standing standing)
{
    static const char *const classes[] = {
        [QUIPU_STANDING_HOLDS] = "holds",
        [QUIPU_STANDING_PARTLY] = "partly",
        [QUIPU_STANDING_UNTESTED] = "untested",
        [QUIPU_STANDING_UNDECLARED] = "undeclared",
        [QUIPU_STANDING_NOT_RUN] = "notrun",
        [QUIPU_STANDING_BROKEN] = "broken",
    };

    return classes[standing];
}

const char *quipu_html_style_sign(enum quipu_standing standing)
{
    static const char *const signs[] = {
        [QUIPU_STANDING_HOLDS] = "&#10003;", /* a check mark */
        [QUIPU_STANDING_PARTLY] = "&#9680;", /* half a circle */
        [QUIPU_STANDING_UNTESTED] = "?",
        [QUIPU_STANDING_UNDECLARED] = "&#8211;", /* a dash */
        [QUIPU_STANDING_NOT_RUN] = "&#183;",     /* a dot */
        [QUIPU_STANDING_BROKEN] = "&#10005;",    /* a cross */
    };

    return signs[standing];
}
