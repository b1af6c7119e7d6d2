/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application as core/environment sees it.
 *
 * An application borrows its datastore: the program opens it before, and closes
 * it afterwards.  One that is opened by the environment has nobody who would
 * keep the datastore, so the application owns it.  Closing is still all or
 * nothing: before the first part is closed, the application checks that the
 * datastore can be closed, too.
 */
#ifndef QUIPU_CORE_DOMAIN_APPLICATION_H
#define QUIPU_CORE_DOMAIN_APPLICATION_H

#include <quipu/application.h>

/* Makes the application the owner of its datastore, which
 * quipu_application_close then closes after the other parts.  Called once,
 * right after quipu_application_open and before any other thread uses the
 * application. */
void quipu_application_own(quipu_application *application);

#endif
