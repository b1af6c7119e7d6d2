/* SPDX-License-Identifier: Apache-2.0 */
/* A patient, as its events make it. */
#include "clinic.h"

QUIPU_HANDLER(patient, registered)
{
    patient->birth_year = event->birth_year;
    return quipu_text_set(&patient->name, event->name, error);
}

QUIPU_HANDLER(patient, treated)
{
    patient->treatments++;
    return quipu_text_set(&patient->diagnosis, event->diagnosis, error);
}

QUIPU_AGGREGATE_TYPE(patient, "Patient", QUIPU_APPLIES(registered),
                     QUIPU_APPLIES(treated));
