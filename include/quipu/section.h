/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections: the log of a schema in pages of a fixed size, each with a name, for
 * programs that hand the log out to others.
 *
 *     quipu_section *section;
 *     int status =
 *         quipu_section_open(records, "21,40", 20, &section, error);
 *
 *     for (size_t i = 0; status == QUIPU_OK && i < section->count; i++) {
 *         write_item(out, &section->items[i]);
 *     }
 *     if (status == QUIPU_OK && section->final) {
 *         write_link(out, "next", section->next);
 *     }
 *     quipu_section_close(section);
 *
 * A section of 20 items is named by the notification ids of its first and its
 * last place: "1,20", "21,40" and so on.  The name "current" stands for the
 * section with the place of the next item that will be appended.
 *
 * A section is final when each of its places is taken.  A final section has the
 * same items for ever, in every copy of the store, since notification ids have
 * no gaps (L1) and no item appears late (L2).  One thing changes it: items are
 * erased, and then they have the flag QUIPU_ITEM_ERASED.  The tag of the
 * section tells: it is another one whenever the section has other contents.
 *
 * So a reader that follows the names from "1,20" on, and reads a section that
 * is not final again until it is, gets each item once and in order, whatever is
 * appended meanwhile; and any cache between them may keep a final section.
 * docs/sections.md says what a server and a remote consumer make of that.
 *
 * Threads, fork and codes as in records.h.
 */
#ifndef QUIPU_SECTION_H
#define QUIPU_SECTION_H

#include <quipu/records.h>

#ifdef __cplusplus
extern "C" {
#endif

#define QUIPU_SECTION_SIZE_MAX 10000 /* items of a section */

/*
 * A section as it was when it was opened.  It owns all that it points to, and
 * may be used by any thread, also after its records were closed.  Later
 * versions may add members at its end.
 */
typedef struct quipu_section {
    const char *name;     /* "21,40", also if it was opened as "current" */
    const char *previous; /* "1,20"; NULL for the first section */
    const char *next;     /* "41,60"; NULL while this one is not final */
    /* Text of up to 63 letters, digits and hyphens that identifies the store
     * and the contents.  It differs from any earlier one of the section if
     * items were appended or erased since.  If the store was replaced, or its
     * schema altered, it differs but for a chance of 2^-64. */
    const char *tag;
    const quipu_item *items; /* in order of notification id, without a gap */
    size_t count;
    quipu_position head; /* of the log when the section was opened */
    bool final;          /* all places are taken */
} quipu_section;

/*
 * Opens the section of a name, in a log whose sections have `size` items, 1 to
 * QUIPU_SECTION_SIZE_MAX.  All its items are copied to memory.  *section is
 * closed by quipu_section_close.
 *
 * The section behind the last final one exists, with no items if there are none
 * yet, and those behind it do not.
 *
 * INVALID: the name is not that of a section of this size, and the message has
 * the name of one that is; or the size is out of range.  NOT_FOUND: the log
 * does not reach so far: a reader that has read this section before follows
 * a log that was rewound or replaced.  Or the schema was torn down (see
 * quipu_datastore_teardown).  UNSUPPORTED: the store keeps no log.  CORRUPT:
 * the log lacks an item.
 */
QUIPU_API int quipu_section_open(quipu_records *records, const char *name,
                                 uint32_t size, quipu_section **section,
                                 quipu_error *error);

/* Frees a section.  NULL is allowed. */
QUIPU_API void quipu_section_close(quipu_section *section);

#ifdef __cplusplus
}
#endif

#endif
