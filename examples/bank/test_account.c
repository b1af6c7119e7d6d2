/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of the accounts, with <quipu/scenario.h>, in memory.  On another
 * store: QUIPU_SCENARIO_URI=postgresql:///bank ./test_account */
#include "bank.h"

#include <stdio.h>

/* An account with 100 cents. */
static quipu_scenario *begin(void)
{
    quipu_scenario *s = quipu_scenario_of_aggregate(&account_type, NULL);

    quipu_scenario_given(s, &opened, &(struct opened){ .cents = 60 }.base);
    quipu_scenario_given(s, &deposited,
                         &(struct deposited){ .cents = 40 }.base);
    return s;
}

static int money_is_withdrawn(void)
{
    quipu_scenario *s = begin();
    struct account *account = quipu_scenario_when(s);

    (void)account_withdraw(account, 70, "account-02", quipu_scenario_error(s));
    quipu_scenario_then(
        s, &withdrawn,
        &(struct withdrawn){ .cents = 70, .to = "account-02" }.base);
    return quipu_scenario_end(s);
}

static int the_whole_balance_can_be_withdrawn(void)
{
    quipu_scenario *s = begin();
    struct account *account = quipu_scenario_when(s);

    (void)account_withdraw(account, 100, "account-02", quipu_scenario_error(s));
    quipu_scenario_then(
        s, &withdrawn,
        &(struct withdrawn){ .cents = 100, .to = "account-02" }.base);
    return quipu_scenario_end(s);
}

static int overdrawing_is_refused(void)
{
    quipu_scenario *s = begin();
    struct account *account = quipu_scenario_when(s);
    int status =
        account_withdraw(account, 101, "account-02", quipu_scenario_error(s));

    quipu_scenario_refused(s, status, QUIPU_DENIED, "has only 100 cents");
    return quipu_scenario_end(s);
}

int main(void)
{
    int differences = money_is_withdrawn() +
                      the_whole_balance_can_be_withdrawn() +
                      overdrawing_is_refused();

    (void)printf("%d differences\n", differences);
    return differences == 0 ? 0 : 1;
}
